//! The user's own task as a table.

use super::{Part, Section, Table};
use crate::record::{OwnTask, TaskIsolation, TaskSeries};
use crate::units;

impl TaskSeries {
    /// Returns what it is of: `fresh, 2 workers`.
    pub(crate) fn title(&self) -> String {
        let isolation = match self.isolation {
            TaskIsolation::Fresh => "fresh",
            TaskIsolation::Reuse => "reuse",
        };
        let plural = if self.workers == 1 { "" } else { "s" };
        format!("{isolation}, {} worker{plural}", self.workers)
    }
}

pub(super) fn section(task: &OwnTask) -> Section {
    let row = |series: &TaskSeries| {
        let percentile = |percent: usize| {
            let value = series.percentiles.get(percent).copied();
            value.map_or_else(|| "-".to_owned(), units::time)
        };
        vec![
            series.title(),
            series.calls.to_string(),
            units::rate(series.calls as f64 / series.seconds),
            percentile(50),
            percentile(90),
            percentile(99),
            percentile(100),
            series
                .memory_bytes
                .map_or_else(|| "-".to_owned(), |bytes| units::bytes(bytes as f64)),
        ]
    };
    let header = [
        "isolation",
        "calls",
        "throughput",
        "p50",
        "p90",
        "p99",
        "max",
        "memory",
    ];
    Section {
        part: Part::OwnTask,
        title: format!("Your task: {}", task.task),
        intro: vec![
            format!(
                "{}, {}, loaded and compiled in {}. Arguments: {}",
                task.module,
                units::bytes(task.module_bytes as f64),
                units::time(task.load_seconds),
                task.arguments
            ),
            "From submitting a call to its result, with as many callers as workers. Fresh: clean memory for every call; reuse: \
             the memory of earlier calls, for modules that you trust. Memory: by how much this process grew with the pool."
                .to_owned(),
        ],
        tables: vec![Table {
 text_columns: 1,
 header: header.map(str::to_owned).to_vec(),
            rows: task.series.iter().map(row).collect(),
        }],
        background: None,
        notes: Vec::new(),
    }
}

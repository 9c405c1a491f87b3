//! What is shown of a record, whatever shows it: derived figures, and tables of text.

mod isolation;
mod kernels;
mod note;
mod own_task;

use crate::record::{KernelRun, Machine, Place, Record, Series};
use crate::statistics::{Summary, ratios};
use crate::units;

/// A part of a report.
pub(crate) struct Section {
    /// Which part it is; charts go by it.
    pub(crate) part: Part,
    pub(crate) title: String,
    /// What has to be known to read it.
    pub(crate) intro: Vec<String>,
    pub(crate) tables: Vec<Table>,
    /// What a page has room for, and a terminal has not.
    pub(crate) background: Option<Table>,
    /// Remarks on single figures, and what is missing.
    pub(crate) notes: Vec<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    Kernels,
    Isolation,
    Note,
    OwnTask,
}

/// A table.
pub(crate) struct Table {
    /// How many columns are text, from the first; the others are figures.
    pub(crate) text_columns: usize,
    pub(crate) header: Vec<String>,
    pub(crate) rows: Vec<Vec<String>>,
}

/// Returns the parts of the record that there are.
pub(crate) fn sections(record: &Record) -> Vec<Section> {
    let parts = [
        record.kernels.as_ref().map(kernels::section),
        record.isolation.as_ref().map(isolation::section),
        record.note.as_ref().map(note::section),
        record.task.as_ref().map(own_task::section),
    ];
    parts.into_iter().flatten().collect()
}

/// Returns what stands above everything: where and how it was measured.
pub(crate) fn header(record: &Record) -> Vec<(&'static str, String)> {
    let Machine {
        cpu,
        processors,
        memory_bytes,
        os,
        sandpool,
        engine,
        rustc,
        profile,
    } = &record.machine;
    let memory = units::bytes(*memory_bytes as f64);
    let warning = match profile.as_str() {
        "release" => "",
        _ => " (a build that is not optimised: its figures say little)",
    };
    vec![
        ("command", record.command.clone()),
        ("date", record.started.clone()),
        (
            "machine",
            format!("{cpu}, {processors} processors, {memory}"),
        ),
        ("system", os.clone()),
        (
            "built of",
            format!("sandpool {sandpool}, {engine}, {rustc}, {profile}{warning}"),
        ),
    ]
}

impl KernelRun {
    /// Returns the times of a place.
    pub(crate) fn series(&self, place: Place, workers: usize) -> Option<&Series> {
        let mut all = self.series.iter();
        all.find(|series| series.place == place && series.workers == workers)
    }

    /// Returns how many times as long as natively the kernel takes in a sandbox: a ratio for each round.
    pub(crate) fn ratios(&self) -> Vec<f64> {
        let (native, sandbox) = (
            self.series(Place::Native, 1),
            self.series(Place::Sandbox, 1),
        );
        native
            .zip(sandbox)
            .map_or_else(Vec::new, |(native, sandbox)| {
                ratios(&sandbox.seconds, &native.seconds)
            })
    }

    /// Returns how many times as many tasks so many workers do as one: the median of the rounds.
    pub(crate) fn scaling(&self, place: Place, workers: usize) -> Option<f64> {
        let (one, many) = self.series(place, 1).zip(self.series(place, workers))?;
        let share = many.tasks as f64 / one.tasks as f64;
        let scaling = ratios(&one.seconds, &many.seconds);
        Some(share * Summary::of(&scaling)?.median)
    }
}

/// Writes the median of times with the smallest and the largest.
pub(crate) fn times(values: &[f64]) -> String {
    match Summary::of(values) {
        None => "-".to_owned(),
        Some(Summary {
            median, count: 1, ..
        }) => units::time(median),
        Some(Summary {
            median, min, max, ..
        }) => units::time_between(median, min, max),
    }
}

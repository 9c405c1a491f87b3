//! The kernels as a table.

use super::{Part, Section, Table, times};
use crate::record::{Kernels, Place};
use crate::statistics::{Summary, geometric_mean};
use crate::units;

pub(super) fn section(kernels: &Kernels) -> Section {
    let more: Vec<usize> = kernels
        .workers
        .iter()
        .copied()
        .filter(|&workers| workers > 1)
        .collect();
    let mut header = vec!["kernel", "does", "native", "sandbox", "sandbox / native"];
    let header_of_more: Vec<String> = more
        .iter()
        .flat_map(|workers| [format!("threads x{workers}"), format!("sandbox x{workers}")])
        .collect();
    header.extend(header_of_more.iter().map(String::as_str));

    let mut rows = Vec::new();
    for run in &kernels.runs {
        let time = |place| {
            let series = run.series(place, 1);
            times(series.map_or(&[], |series| &series.seconds))
        };
        let mut row = vec![
            run.kernel.clone(),
            run.size.clone(),
            time(Place::Native),
            time(Place::Sandbox),
            ratio(&run.ratios()),
        ];
        for &workers in &more {
            for place in [Place::Threads, Place::Sandbox] {
                row.push(
                    run.scaling(place, workers)
                        .map_or_else(|| "-".to_owned(), units::ratio),
                );
            }
        }
        rows.push(row);
    }
    if kernels.runs.len() > 1 {
        let mean =
            |values: Vec<f64>| geometric_mean(&values).map_or_else(|| "-".to_owned(), units::ratio);
        let medians = kernels
            .runs
            .iter()
            .filter_map(|run| Summary::of(&run.ratios()));
        let mut row = vec!["geometric mean".to_owned()];
        row.resize(4, String::new());
        row.push(mean(medians.map(|summary| summary.median).collect()));
        for &workers in &more {
            for place in [Place::Threads, Place::Sandbox] {
                let scalings = kernels
                    .runs
                    .iter()
                    .filter_map(|run| run.scaling(place, workers));
                row.push(mean(scalings.collect()));
            }
        }
        rows.push(row);
    }

    let mut intro = vec![format!(
        "Each kernel is one function, compiled natively and to wasm32 from the same source; all results were equal. \
         Medians of {} rounds, with the smallest and the largest; the ratio is the median of the ratios of the rounds. A sandboxed task has \
         a fresh instance and goes through the pool's queue.",
        kernels.rounds
    )];
    if !more.is_empty() {
        intro.push(
            "xN: how many times as many tasks N workers do in the same time as one worker."
                .to_owned(),
        );
    }
    Section {
        part: Part::Kernels,
        title: "Kernels: wasm against native".to_owned(),
        intro,
        tables: vec![Table {
            text_columns: 2,
            header: header.into_iter().map(str::to_owned).collect(),
            rows,
        }],
        background: Some(reasons(kernels)),
        notes: outliers(kernels).into_iter().collect(),
    }
}

/// Writes the median of ratios with the smallest and the largest: `1.02 (0.98..1.10)`.
fn ratio(values: &[f64]) -> String {
    Summary::of(values).map_or_else(
        || "-".to_owned(),
        |Summary {
             median, min, max, ..
         }| {
            let [median, min, max] = [median, min, max].map(units::ratio);
            format!("{median} ({min}..{max})")
        },
    )
}

/// Why each of them is there.
fn reasons(kernels: &Kernels) -> Table {
    let rows = kernels
        .runs
        .iter()
        .map(|run| vec![run.kernel.clone(), run.why.clone()]);
    Table {
        text_columns: 2,
        header: ["kernel", "what it shows"].map(str::to_owned).to_vec(),
        rows: rows.collect(),
    }
}

fn outliers(kernels: &Kernels) -> Option<String> {
    let series = kernels.runs.iter().flat_map(|run| &run.series);
    let summaries: Vec<Summary> = series
        .filter_map(|series| Summary::of(&series.seconds))
        .collect();
    let outliers: usize = summaries.iter().map(|summary| summary.outliers).sum();
    let values: usize = summaries.iter().map(|summary| summary.count).sum();
    (outliers > 0).then(|| {
        format!(
            "{outliers} of {values} times are outliers: further from the middle half of their series than 1.5 times its \
             width. They are part of every figure."
        )
    })
}

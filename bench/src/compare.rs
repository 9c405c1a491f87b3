//! What changed between two runs, with noise taken into account.
//!
//! A machine's speed drifts, within a run and from one to the next. A round runs every kernel in every
//! place, so what slows a whole round is not the kernels' doing: the median of all deviations in a round
//! is taken out, then the median of all changes between the runs. What remains of a kernel's times is
//! tested, and only a change is reported that is unlikely to be chance, large enough to matter, and more than
//! one process of a run differs from the next.

mod rank_sum;

use std::fmt;

use anyhow::{Result, ensure};

use crate::record::{Figure, Kernels, Measure, Place, Record};
use crate::statistics::{Summary, quantile};
use crate::units;

/// What part of the changes that the test calls more than chance may be chance after all.
const FALSE_DISCOVERIES: f64 = 0.05;

/// Changes of kernels that are smaller than this are not reported: where a build puts code and memory
/// alone makes so much of a difference.
const LEAST_CHANGE: f64 = 0.05;

/// The same for what isolation costs, which hangs on how the system schedules: runs of one build have been
/// seen to differ by more than two fifths.
const LEAST_CHANGE_OF_ISOLATION: f64 = 0.5;

/// What changed between two runs.
#[derive(Clone, Debug, PartialEq)]
pub struct Comparison {
    /// What has to be known: other machines, other versions, what is in one of the runs only.
    pub notes: Vec<String>,
    /// How many times as fast the machine was in the second run, all kernels together.
    pub speed: Option<f64>,
    /// The changes, the largest first.
    pub changes: Vec<Change>,
    /// How many series and figures were compared.
    pub compared: usize,
}

/// A change that is more than noise.
#[derive(Clone, Debug, PartialEq)]
pub struct Change {
    /// What changed.
    pub what: String,
    /// The first run's median, as it is read.
    pub before: String,
    /// The second run's.
    pub after: String,
    /// How many times as much it is as it was, without what the machine's speed made of it. More is
    /// slower, also of what is better when there is more of it.
    pub factor: f64,
}

/// Compares two runs.
///
/// # Errors
///
/// There is nothing that is in both.
pub fn compare(before: &Record, after: &Record) -> Result<Comparison> {
    let mut comparison = Comparison {
        notes: notes(before, after),
        speed: None,
        changes: Vec::new(),
        compared: 0,
    };
    if let (Some(before), Some(after)) = (&before.kernels, &after.kernels) {
        compare_kernels(before, after, &mut comparison);
    }
    if let (Some(before), Some(after)) = (&before.isolation, &after.isolation) {
        if before.workers != after.workers {
            comparison.notes.push(format!(
                "throughput is that of {} workers, and then of {}",
                before.workers, after.workers
            ));
        }
        for old in &before.peers {
            let Some(new) = after.peers.iter().find(|new| new.name == old.name) else {
                comparison
                    .notes
                    .push(format!("{} is in the first run only", old.name));
                continue;
            };
            for measure in Measure::ALL {
                let figures = old.figure(measure).zip(new.figure(measure));
                let Some((old_figure, new_figure)) = figures else {
                    continue;
                };
                let what = format!("{}, {}", measure.title(), old.name);
                compare_figures(&what, old_figure, new_figure, &mut comparison);
            }
        }
    }
    ensure!(
        comparison.compared > 0 || comparison.speed.is_some(),
        "the two runs have nothing in common that could be compared"
    );
    comparison
        .changes
        .sort_by(|a, b| b.factor.ln().abs().total_cmp(&a.factor.ln().abs()));
    Ok(comparison)
}

fn notes(before: &Record, after: &Record) -> Vec<String> {
    let (old, new) = (&before.machine, &after.machine);
    let mut notes = Vec::new();
    for (what, old, new) in [
        ("processors", &old.cpu, &new.cpu),
        ("systems", &old.os, &new.os),
        ("versions of sandpool", &old.sandpool, &new.sandpool),
        ("engines", &old.engine, &new.engine),
        ("compilers", &old.rustc, &new.rustc),
        ("profiles", &old.profile, &new.profile),
    ] {
        if old != new {
            notes.push(format!("the {what} differ: {old}; {new}"));
        }
    }
    notes
}

/// One series of both runs, as logarithms.
struct Pair {
    what: String,
    medians: [f64; 2],
    logarithms: [Vec<f64>; 2],
}

fn compare_kernels(before: &Kernels, after: &Kernels, comparison: &mut Comparison) {
    let mut pairs = Vec::new();
    for old in &before.runs {
        let Some(new) = after.runs.iter().find(|new| new.kernel == old.kernel) else {
            comparison
                .notes
                .push(format!("{} is in the first run only", old.kernel));
            continue;
        };
        if old.size != new.size || old.checksum != new.checksum {
            comparison.notes.push(format!(
                "{} does something else in the second run, and is not compared",
                old.kernel
            ));
            continue;
        }
        for series in &old.series {
            let Some(other) = new.series(series.place, series.workers) else {
                continue;
            };
            let both = [&series.seconds, &other.seconds];
            let medians = both.map(|seconds| Summary::of(seconds).map(|summary| summary.median));
            let [Some(first), Some(second)] = medians else {
                continue;
            };
            pairs.push(Pair {
                what: format!("{}, {}", old.kernel, place(series.place, series.workers)),
                medians: [first, second],
                logarithms: both.map(|seconds| seconds.iter().map(|time| time.ln()).collect()),
            });
        }
    }
    if pairs.is_empty() {
        return;
    }
    for run in 0..2 {
        take_drift_out(&mut pairs, run);
    }
    let differences = pairs
        .iter()
        .map(|pair| median(&pair.logarithms[1]) - median(&pair.logarithms[0]));
    let drift = median(&differences.collect::<Vec<_>>());
    comparison.speed = Some((-drift).exp());

    let rounds = [before.rounds, after.rounds];
    if rank_sum::least_p(rounds[0], rounds[1]) > FALSE_DISCOVERIES / pairs.len() as f64 {
        comparison.notes.push(format!(
            "{} and {} rounds are too few to tell a change of a kernel from noise: run both without --quick",
            rounds[0], rounds[1]
        ));
        return;
    }
    comparison.compared += pairs.len();
    for pair in &mut pairs {
        pair.logarithms[1]
            .iter_mut()
            .for_each(|time| *time -= drift);
    }
    let p_values: Vec<f64> = pairs
        .iter()
        .map(|pair| rank_sum::p(&pair.logarithms[0], &pair.logarithms[1]))
        .collect();
    let limit = p_limit(&p_values);
    for (pair, p) in pairs.into_iter().zip(p_values) {
        let [old, new] = &pair.logarithms;
        let factor = (median(new) - median(old)).exp();
        let is_large = factor >= 1.0 + LEAST_CHANGE || factor <= 1.0 / (1.0 + LEAST_CHANGE);
        let groups = [before, after].map(|kernels| kernels.rounds_of_a_process);
        if is_large && p <= limit && are_apart(old, new, groups) {
            let [before, after] = pair.medians.map(units::time);
            comparison.changes.push(Change {
                what: pair.what,
                before,
                after,
                factor,
            });
        }
    }
}

/// Whether the medians of all processes of one run are on the same side of those of the other: rounds of one
/// process hang together, as its memory lies where it lies.
fn are_apart(old: &[f64], new: &[f64], groups: [usize; 2]) -> bool {
    let range = |values: &[f64], group: usize| {
        let medians = values.chunks(group.max(1)).map(median);
        medians.fold((f64::INFINITY, f64::NEG_INFINITY), |(min, max), value| {
            (min.min(value), max.max(value))
        })
    };
    let (old, new) = (range(old, groups[0]), range(new, groups[1]));
    old.1 < new.0 || new.1 < old.0
}

/// Returns the largest p-value that is still taken for a change: Y. Benjamini, Y. Hochberg, Controlling the
/// false discovery rate. Journal of the Royal Statistical Society B 57 (1995), 289-300.
fn p_limit(p_values: &[f64]) -> f64 {
    let mut p_values = p_values.to_vec();
    p_values.sort_by(f64::total_cmp);
    let share = FALSE_DISCOVERIES / p_values.len() as f64;
    let ranked = p_values.iter().enumerate();
    let found = ranked
        .rev()
        .find(|&(rank, &p)| p <= share * (rank + 1) as f64);
    found.map_or(0.0, |(_, &p)| p)
}

fn place(place: Place, workers: usize) -> String {
    match place {
        Place::Native => "native".to_owned(),
        Place::Threads => format!("threads x{workers}"),
        Place::Sandbox => format!("sandbox x{workers}"),
    }
}

/// Takes out of each round by how much all of it was slower than the others of its run.
fn take_drift_out(pairs: &mut [Pair], run: usize) {
    let medians: Vec<f64> = pairs
        .iter()
        .map(|pair| median(&pair.logarithms[run]))
        .collect();
    let rounds = pairs
        .iter()
        .map(|pair| pair.logarithms[run].len())
        .min()
        .unwrap_or(0);
    for round in 0..rounds {
        let deviations = pairs
            .iter()
            .zip(&medians)
            .map(|(pair, median)| pair.logarithms[run][round] - median);
        let drift = median(&deviations.collect::<Vec<_>>());
        for pair in pairs.iter_mut() {
            pair.logarithms[run][round] -= drift;
        }
    }
}

/// Values of one round hang together, so no test is made of them: the medians of the rounds have to be apart.
/// What has no rounds is not compared.
fn compare_figures(what: &str, before: &Figure, after: &Figure, comparison: &mut Comparison) {
    const LEAST_ROUNDS: usize = 3;
    let medians = [before, after].map(|figure| {
        let len = figure
            .values
            .len()
            .checked_div(figure.rounds)
            .unwrap_or(0)
            .max(1);
        let mut medians: Vec<f64> = figure.values.chunks(len).map(median).collect();
        medians.sort_by(f64::total_cmp);
        medians
    });
    if [before, after]
        .iter()
        .any(|figure| figure.rounds < LEAST_ROUNDS)
        || medians.iter().any(Vec::is_empty)
    {
        return;
    }
    comparison.compared += 1;
    let [(old_min, old, old_max), (new_min, new, new_max)] = medians.map(|medians| {
        (
            medians[0],
            quantile(&medians, 0.5),
            medians[medians.len() - 1],
        )
    });
    let apart = old_max < new_min || new_max < old_min;
    let factor = new / old;
    let least = 1.0 + LEAST_CHANGE_OF_ISOLATION;
    if apart && factor.is_finite() && (factor >= least || factor <= 1.0 / least) {
        let measure = before.measure;
        comparison.changes.push(Change {
            what: what.to_owned(),
            before: measure.show(old),
            after: measure.show(new),
            factor: if measure == Measure::Throughput {
                1.0 / factor
            } else {
                factor
            },
        });
    }
}

fn median(values: &[f64]) -> f64 {
    Summary::of(values).map_or(0.0, |summary| summary.median)
}

impl fmt::Display for Comparison {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for note in &self.notes {
            writeln!(f, "note: {note}")?;
        }
        if let Some(speed) = self.speed {
            writeln!(
                f,
                "The machine was {speed:.2} times as fast in the second run, all kernels together; that is taken out."
            )?;
        }
        if self.compared == 0 {
            return writeln!(f, "Nothing could be told from noise.");
        }
        if self.changes.is_empty() {
            return writeln!(
                f,
                "No difference beyond noise in {} series and figures.",
                self.compared
            );
        }
        writeln!(
            f,
            "{} of {} series and figures changed:",
            self.changes.len(),
            self.compared
        )?;
        let width = self
            .changes
            .iter()
            .map(|change| change.what.chars().count())
            .max()
            .unwrap_or(0);
        for change in &self.changes {
            let percent = 100.0 * (change.factor - 1.0);
            let word = if percent > 0.0 {
                "slower or more"
            } else {
                "faster or less"
            };
            let Change {
                what,
                before,
                after,
                ..
            } = change;
            writeln!(
                f,
                "  {what:<width$}  {percent:+6.1} %  {word}  ({before} -> {after})"
            )?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;

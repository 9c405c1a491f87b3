//! Several inputs of a map that one job of a worker takes.

use std::time::Instant;

use crate::completion::{Outcome, quietly};
use crate::error::{SubmitErrorKind, TaskError, TaskErrorKind};
use crate::handle::TaskHandle;
use crate::progress::Report;
use crate::promise::Promise;

/// The handle of a chunk.
pub(crate) type Chunk<T> = TaskHandle<Vec<Outcome<T>>>;

/// Why work was not accepted, and the work.
pub(crate) type Refused<W> = (SubmitErrorKind, W);

/// Calls `call` with one input after the other. Once the chunk is stopped, what is left is cancelled.
pub(crate) fn run<A, T>(
    inputs: Vec<A>,
    promise: &Promise<Vec<Outcome<T>>>,
    report: &Report,
    is_stopped: impl Fn() -> bool,
    mut call: impl FnMut(A) -> Result<T, TaskError>,
) -> Vec<Outcome<T>> {
    let started = Instant::now();
    let mut outcomes = Vec::with_capacity(inputs.len());
    for input in inputs {
        let outcome = match is_stopped() {
            true => {
                // It is foreign, and may panic.
                quietly(|| drop(input));
                Err(promise.error(TaskErrorKind::Cancelled, Vec::new()))
            }
            false => promise.trace(|| call(input)),
        };
        if promise.one_ended(&outcome) {
            report.one_ended(outcome.is_err());
        }
        outcomes.push(outcome);
    }
    let time = started.elapsed();
    report.took(time);
    promise.count_busy(time);
    outcomes
}

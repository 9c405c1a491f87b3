//! Several inputs of a map that one job of a worker takes.

use std::time::{Duration, Instant};

use crate::completion::Outcome;
use crate::error::{SubmitErrorKind, TaskError, TaskErrorKind};
use crate::handle::TaskHandle;
use crate::load::Busy;
use crate::panic_place;
use crate::progress::Report;
use crate::promise::Promise;
use crate::quietly::quietly;
use crate::trace::Trace;

/// The handle of a chunk.
pub(crate) type Chunk<T> = TaskHandle<Vec<Outcome<T>>>;

/// Why work was not accepted, and the work.
pub(crate) type Refused<W> = (SubmitErrorKind, W);

/// How long the ends of tasks may go untold. It takes longer to tell of one than a small task takes.
const UNTOLD: Duration = Duration::from_micros(50);

/// The most ends that go untold, however short the tasks are.
const MOST_UNTOLD: u64 = 256;

/// The tasks that have ended with a value, and are not told of yet.
struct Values<'a, T> {
    promise: &'a Promise<Vec<Outcome<T>>>,
    report: &'a Report,
    untold: u64,
    /// So many are told of at once: as many as others took so long for; then twice as many as the last time,
    /// if they were not too long.
    at_once: u64,
    told: Instant,
}

impl<'a, T> Values<'a, T> {
    fn new(promise: &'a Promise<Vec<Outcome<T>>>, report: &'a Report, now: Instant) -> Self {
        Self {
            promise,
            report,
            untold: 0,
            at_once: report.in_time(UNTOLD, MOST_UNTOLD),
            told: now,
        }
    }

    /// Counts the end of a task, and tells of it now or later.
    #[inline]
    fn count(&mut self, outcome: &Outcome<T>) {
        if outcome.is_err() {
            self.tell();
            ended(self.promise, self.report, outcome, 1);
            return;
        }
        self.untold += 1;
        if self.untold == self.at_once {
            self.tell_now();
        }
    }

    fn tell_now(&mut self) {
        self.tell();
        // Who wants to know of each is told of each.
        if !self.report.is_watched() {
            let now = Instant::now();
            self.at_once = match now.duration_since(self.told) < UNTOLD {
                true => MOST_UNTOLD.min(self.at_once * 2),
                false => 1,
            };
            self.told = now;
        }
    }

    /// Tells of those that have ended.
    fn tell(&mut self) {
        let tasks = std::mem::take(&mut self.untold);
        if tasks > 0 {
            ended(self.promise, self.report, &Ok(()), tasks);
        }
    }
}

/// Tells of tasks that have ended alike while their chunk runs.
fn ended<T, U>(
    promise: &Promise<Vec<Outcome<T>>>,
    report: &Report,
    outcome: &Outcome<U>,
    tasks: u64,
) {
    if promise.some_ended(outcome, tasks) {
        report.some_ended(tasks, outcome.is_err());
    }
}

/// Calls `call` with one input after the other; a panic in it is its task's error. Once the chunk is stopped,
/// what is left is cancelled.
pub(crate) fn run<A, T>(
    inputs: Vec<A>,
    promise: &Promise<Vec<Outcome<T>>>,
    (report, busy): (&Report, &Busy<'_>),
    is_stopped: impl Fn() -> bool,
    mut call: impl FnMut(A) -> Result<T, TaskError>,
) -> Vec<Outcome<T>> {
    let began = busy.since();
    let mut outcomes = Vec::with_capacity(inputs.len());
    let mut values = Values::new(promise, report, began);
    let trace = promise.trace();
    let error = |kind| Err(promise.error(kind));
    let mut inputs = inputs.into_iter();
    while inputs.len() > 0 {
        // To catch the panics of each would take longer than most of them do.
        let run = || {
            while !is_stopped()
                && let Some(input) = inputs.next()
            {
                panic_place::forget();
                let outcome = call(input);
                values.count(&outcome);
                outcomes.push(outcome);
            }
        };
        let outcome = match panic_place::catch(|| Trace::run(trace.as_ref(), run)) {
            Err(panic) => error(TaskErrorKind::Panicked(*panic)),
            Ok(()) => match inputs.next() {
                Some(input) => {
                    // It is foreign, and may panic.
                    quietly(|| drop(input));
                    error(TaskErrorKind::Cancelled)
                }
                None => break,
            },
        };
        values.count(&outcome);
        outcomes.push(outcome);
    }
    values.tell();
    let time = busy.time(began);
    report.took(time);
    promise.count_busy(time);
    outcomes
}

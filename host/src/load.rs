//! How much there is to do, and who is there to do it.

use std::cell::Cell;
use std::time::{Duration, Instant};

use crate::sync::{AtomicBool, AtomicIsize, AtomicUsize, Ordering};

/// The load of a pool. By itself in the cache: every worker looks at it for every job.
#[derive(Default)]
#[repr(align(128))]
pub(crate) struct Load {
    /// All workers were started: from then on nobody asks for `spare`, and nobody counts it.
    pub(crate) all_started: AtomicBool,
    /// Whether a worker looks for a job without sleeping: one at most.
    pub(crate) looking: AtomicBool,
    /// Workers that sleep, and were not told of a job. Changed under the lock of the pool's `control` only.
    pub(crate) asleep: AtomicUsize,
    /// Free workers less places taken in the queue. Below zero there is more to do than workers.
    pub(crate) spare: AtomicIsize,
    /// Workers that have a job of a queue with a limit.
    pub(crate) busy: AtomicIsize,
}

/// A worker has come to a place in the queue, and is not counted as free.
pub(crate) struct Busy<'a> {
    load: Option<&'a Load>,
    /// Of a worker that was free before.
    clock: Option<&'a Clock>,
    counts_as_busy: bool,
}

/// When the last job of a worker ended, if it has come to the next at once: to ask for the time is a good part of
/// what a small job takes.
#[derive(Default)]
pub(crate) struct Clock(Cell<Option<Instant>>);

impl Clock {
    /// The next job does not come at once.
    pub(crate) fn stop(&self) {
        self.0.set(None);
    }
}

impl<'a> Busy<'a> {
    /// Of a worker that was free.
    pub(crate) fn new(load: &'a Load, clock: &'a Clock) -> Self {
        Self {
            load: Some(load),
            clock: Some(clock),
            counts_as_busy: false,
        }
    }

    /// Of a worker that does the job which is due while it has one.
    pub(crate) fn between(load: &'a Load) -> Self {
        Self {
            load: Some(load),
            ..Self::beside()
        }
    }

    /// Of a worker that does one more job while it has one, out of turn.
    pub(crate) fn beside() -> Self {
        Self {
            load: None,
            clock: None,
            counts_as_busy: false,
        }
    }

    /// Returns when the job began.
    pub(crate) fn since(&self) -> Instant {
        let ended = self.clock.and_then(|clock| clock.0.take());
        ended.unwrap_or_else(Instant::now)
    }

    /// Returns how long the job has taken that began then, and ends now.
    pub(crate) fn time(&self, began: Instant) -> Duration {
        let ended = Instant::now();
        if let Some(clock) = self.clock {
            clock.0.set(Some(ended));
        }
        ended.duration_since(began)
    }

    /// The job has left a queue with a limit: counts a worker that was free in [`Load::busy`].
    pub(crate) fn begins(&mut self) {
        if let (Some(load), Some(_)) = (self.load, self.clock) {
            load.busy.fetch_add(1, Ordering::AcqRel);
            self.counts_as_busy = true;
        }
    }
}

impl Drop for Busy<'_> {
    fn drop(&mut self) {
        let Some(load) = self.load else {
            return;
        };
        if !load.all_started.load(Ordering::Acquire) {
            load.spare.fetch_add(1, Ordering::AcqRel);
        }
        if self.counts_as_busy {
            load.busy.fetch_sub(1, Ordering::AcqRel);
        }
    }
}

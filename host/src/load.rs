//! How much there is to do, and who is there to do it.

use crate::sync::{AtomicBool, AtomicIsize, Ordering};

/// The load of a pool. By itself in the cache: every worker looks at it for every job.
#[derive(Default)]
#[repr(align(128))]
pub(crate) struct Load {
    /// All workers were started: from then on nobody asks for `spare`, and nobody counts it.
    pub(crate) all_started: AtomicBool,
    /// Whether a worker looks for a job without sleeping: one at most.
    pub(crate) looking: AtomicBool,
    /// Free workers less places taken in the queue. Below zero there is more to do than workers.
    pub(crate) spare: AtomicIsize,
    /// Workers that have a job of a queue with a limit.
    pub(crate) busy: AtomicIsize,
}

/// A worker has come to a place in the queue, and is not counted as free.
pub(crate) struct Busy<'a> {
    load: Option<&'a Load>,
    /// Whether the worker was free before.
    was_free: bool,
    counts_as_busy: bool,
}

impl<'a> Busy<'a> {
    /// Of a worker that was free.
    pub(crate) fn new(load: &'a Load) -> Self {
        Self {
            load: Some(load),
            was_free: true,
            counts_as_busy: false,
        }
    }

    /// Of a worker that does the job which is due while it has one.
    pub(crate) fn between(load: &'a Load) -> Self {
        Self {
            was_free: false,
            ..Self::new(load)
        }
    }

    /// Of a worker that does one more job while it has one, out of turn.
    pub(crate) fn beside() -> Self {
        Self {
            load: None,
            was_free: false,
            counts_as_busy: false,
        }
    }

    /// The job has left a queue with a limit: counts a worker that was free in [`Load::busy`].
    pub(crate) fn begins(&mut self) {
        if let (Some(load), true) = (self.load, self.was_free) {
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

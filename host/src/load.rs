//! How much there is to do, and who is there to do it.

use crate::sync::{AtomicIsize, Ordering};

/// The load of a pool.
#[derive(Default)]
pub(crate) struct Load {
    /// Free workers less places taken in the queue. Below zero there is more to do than workers.
    pub(crate) spare: AtomicIsize,
    /// Workers that have a job of a queue with a limit.
    pub(crate) busy: AtomicIsize,
}

/// A worker has come to a place in the queue, and is not counted as free.
pub(crate) struct Busy<'a> {
    load: Option<&'a Load>,
    counts_as_busy: bool,
}

impl<'a> Busy<'a> {
    pub(crate) fn new(load: &'a Load) -> Self {
        Self {
            load: Some(load),
            counts_as_busy: false,
        }
    }

    /// Of a worker that does one more job while it has one.
    pub(crate) fn beside() -> Self {
        Self {
            load: None,
            counts_as_busy: false,
        }
    }

    /// Notes that the worker was counted in [`Load::busy`].
    pub(crate) fn counts_as_busy(&mut self) {
        self.counts_as_busy = true;
    }
}

impl Drop for Busy<'_> {
    fn drop(&mut self) {
        if let Some(load) = self.load {
            load.spare.fetch_add(1, Ordering::AcqRel);
            if self.counts_as_busy {
                load.busy.fetch_sub(1, Ordering::AcqRel);
            }
        }
    }
}

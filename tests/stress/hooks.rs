//! Which threads are workers, and whether they have exited.

use std::cell::Cell;
use std::sync::atomic::{AtomicUsize, Ordering::AcqRel, Ordering::Acquire};

thread_local! {
    static IS_WORKER: Cell<bool> = const { Cell::new(false) };
}

/// Whether this thread is a worker of a pool.
pub(super) fn is_worker() -> bool {
    IS_WORKER.get()
}

/// Counts the workers of a round that live.
#[derive(Default)]
pub(super) struct Hooks {
    alive: AtomicUsize,
}

impl Hooks {
    pub(super) fn start(&self) {
        IS_WORKER.set(true);
        self.alive.fetch_add(1, AcqRel);
    }

    pub(super) fn stop(&self) {
        IS_WORKER.set(false);
        self.alive.fetch_sub(1, AcqRel);
    }

    pub(super) fn alive(&self) -> usize {
        self.alive.load(Acquire)
    }
}

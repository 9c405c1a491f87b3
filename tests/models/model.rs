//! How a model is run, and what models count with.

use std::sync::Arc;

use shuttle::sync::atomic::{AtomicUsize, Ordering};

/// How many interleavings of each model are tried.
const RUNS: usize = 2_000;

pub(crate) fn model(run: impl Fn() + Send + Sync + 'static) {
    shuttle::check_random(run, RUNS);
}

/// Counts from several threads.
#[derive(Clone, Default)]
pub(crate) struct Count(Arc<AtomicUsize>);

impl Count {
    pub(crate) fn add(&self) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }

    pub(crate) fn get(&self) -> usize {
        self.0.load(Ordering::SeqCst)
    }
}

//! What a map's progress callback told.

use std::ops::Range;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use sandpool::Progress;

use super::fate::Pool;
use super::ledger::Ledger;

/// The tasks of one map.
#[derive(Debug)]
pub(super) struct Tally {
    pub(super) pool: Pool,
    pub(super) numbers: Range<usize>,
    finished: AtomicU64,
    failed: AtomicU64,
}

impl Tally {
    pub(super) fn new(pool: Pool, numbers: Range<usize>) -> Self {
        Self {
            pool,
            numbers,
            finished: AtomicU64::new(0),
            failed: AtomicU64::new(0),
        }
    }

    /// Returns how many tasks have ended, and how many of them without a value.
    pub(super) fn read(&self) -> (u64, u64) {
        (self.finished.load(Relaxed), self.failed.load(Relaxed))
    }

    pub(super) fn told(&self, progress: Progress, ledger: &Ledger) {
        let (finished, failed) = (progress.finished as u64, progress.failed as u64);
        let before = self.finished.swap(finished, Relaxed);
        let failed_before = self.failed.swap(failed, Relaxed);
        let grows = before <= finished && failed_before <= failed;
        if !grows || failed > finished || finished > self.numbers.len() as u64 {
            let what = format_args!("told of {progress:?} after {before} and {failed_before}");
            ledger.violate(self, what);
        }
        ledger.accept_more(self.pool, finished.saturating_sub(before));
    }
}

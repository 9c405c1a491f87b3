//! How a closure learns that it was cancelled.

use std::sync::Arc;

use crate::control::Stop;
use crate::sync::{AtomicBool, Ordering};

/// Tells a closure that its task was cancelled. Nothing can stop a running thread: a closure that takes
/// long looks at its token from time to time and returns early.
///
/// Clones belong to the same task.
#[derive(Clone, Debug, Default)]
pub struct CancelToken {
    cancelled: Arc<Flag>,
}

#[derive(Debug, Default)]
struct Flag(AtomicBool);

impl CancelToken {
    /// Returns whether the task was cancelled.
    #[must_use]
    #[inline]
    pub fn is_cancelled(&self) -> bool {
        self.cancelled.0.load(Ordering::Acquire)
    }

    /// Cancels the task.
    pub(crate) fn stop(&self) {
        self.cancelled.stop();
    }

    /// Returns how the task is told.
    pub(crate) fn to_stop(&self) -> Arc<dyn Stop> {
        Arc::<Flag>::clone(&self.cancelled)
    }
}

impl Stop for Flag {
    fn stop(&self) -> bool {
        self.0.store(true, Ordering::Release);
        false
    }
}

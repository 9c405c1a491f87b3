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
    cancelled: Arc<AtomicBool>,
}

impl CancelToken {
    /// Returns whether the task was cancelled.
    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        self.cancelled.load(Ordering::Acquire)
    }
}

impl Stop for CancelToken {
    fn stop(&self) -> bool {
        self.cancelled.store(true, Ordering::Release);
        false
    }
}

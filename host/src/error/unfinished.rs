//! Waiting for a task ran out of time.

use std::fmt;
use std::time::Duration;

use crate::handle::TaskHandle;

/// The task had not finished when the time to wait for it was over. The task goes on.
pub struct Unfinished<T> {
    handle: TaskHandle<T>,
    waited: Duration,
}

impl<T> Unfinished<T> {
    pub(crate) fn new(handle: TaskHandle<T>, waited: Duration) -> Self {
        Self { handle, waited }
    }

    /// Returns the handle, to wait for longer or to cancel.
    pub fn into_handle(self) -> TaskHandle<T> {
        self.handle
    }
}

impl<T> fmt::Debug for Unfinished<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Unfinished")
            .field("task", &self.handle)
            .field("waited", &self.waited)
            .finish()
    }
}

impl<T> fmt::Display for Unfinished<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { handle, waited } = self;
        write!(
            f,
            "task `{}` has not finished after {waited:?}",
            handle.task()
        )
    }
}

impl<T> std::error::Error for Unfinished<T> {}

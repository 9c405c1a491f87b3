//! What a sandboxed task may use.

use std::time::Duration;

/// The limits of a sandboxed task. What goes past one ends that task, with an error that says so.
///
/// ```
/// use std::time::Duration;
/// use sandpool::Limits;
///
/// let limits = Limits::new().timeout(Duration::from_secs(2)).memory_bytes(64 << 20);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    pub(crate) timeout: Option<Duration>,
    pub(crate) memory_bytes: usize,
    pub(crate) result_bytes: usize,
}

impl Limits {
    /// Returns the defaults: no timeout, 256 MiB of memory, results of up to 64 MiB.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            timeout: None,
            memory_bytes: 256 << 20,
            result_bytes: 64 << 20,
        }
    }

    /// Sets how long a task may run, from its start. Default: without limit. Past it the task is
    /// stopped and ends as [`DeadlineExceeded`](crate::TaskErrorKind::DeadlineExceeded).
    #[must_use]
    pub const fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    /// Sets how large a task's memory may grow, in bytes: code's static data, stack and heap
    /// together, in steps of 64 KiB. Default: 256 MiB; more than 4 GiB cannot be addressed. A task
    /// that asks for more ends as
    /// [`MemoryLimitExceeded`](crate::TaskErrorKind::MemoryLimitExceeded).
    #[must_use]
    pub const fn memory_bytes(mut self, bytes: usize) -> Self {
        self.memory_bytes = bytes;
        self
    }

    /// Sets how large a task's encoded result may be, in bytes. Default: 64 MiB. A larger one is not
    /// taken out of the sandbox, and the task ends as
    /// [`ResultTooLarge`](crate::TaskErrorKind::ResultTooLarge).
    #[must_use]
    pub const fn result_bytes(mut self, bytes: usize) -> Self {
        self.result_bytes = bytes;
        self
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self::new()
    }
}

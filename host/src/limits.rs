//! What a sandboxed task may use.

use std::time::{Duration, Instant};

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
    pub(crate) deadline: Option<Duration>,
    pub(crate) memory_bytes: usize,
    pub(crate) result_bytes: usize,
}

impl Limits {
    /// Returns the defaults: no timeout, 256 MiB of memory, results of up to 64 MiB.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            timeout: None,
            deadline: None,
            memory_bytes: 256 << 20,
            result_bytes: 64 << 20,
        }
    }

    /// Sets how long a task may run, from its start; what it waits in the queue does not count.
    /// Default: without limit. Past it the task is stopped, within milliseconds or when the
    /// instruction that it executes has ended (filling a piece of memory is one), and ends as
    /// [`DeadlineExceeded`](crate::TaskErrorKind::DeadlineExceeded).
    #[must_use]
    pub const fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    /// Sets how long a task may take from its submission, the time in the queue included. Default:
    /// without limit. Past it the task ends as
    /// [`DeadlineExceeded`](crate::TaskErrorKind::DeadlineExceeded), whether it runs or still waits.
    /// With a [`timeout`](Self::timeout) as well, the one that comes first holds.
    #[must_use]
    pub const fn deadline(mut self, deadline: Duration) -> Self {
        self.deadline = Some(deadline);
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

/// When a task has to have ended, and the limit that this comes from.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Due {
    pub(crate) at: Instant,
    pub(crate) limit: Duration,
}

impl Due {
    /// Returns the instant that is `limit` away; `None` where it is too far away to be told, which is
    /// as good as never.
    pub(crate) fn after(limit: Duration) -> Option<Self> {
        let at = Instant::now().checked_add(limit)?;
        Some(Self { at, limit })
    }

    pub(crate) fn is_over(self) -> bool {
        Instant::now() >= self.at
    }
}

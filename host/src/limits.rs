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
    pub(crate) fuel: Option<u64>,
    pub(crate) memory_bytes: usize,
    pub(crate) table_elements: usize,
    pub(crate) argument_bytes: usize,
    pub(crate) result_bytes: usize,
    pub(crate) panic_bytes: usize,
    pub(crate) log_bytes: usize,
}

impl Limits {
    /// Returns the defaults: no timeout, no deadline, fuel without limit, 256 MiB of memory, 20,000 table
    /// elements, arguments and results of up to 64 MiB, 4 KiB of a panic's message, 64 KiB of log lines.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            timeout: None,
            deadline: None,
            fuel: None,
            memory_bytes: 256 << 20,
            table_elements: 20_000,
            argument_bytes: 64 << 20,
            result_bytes: 64 << 20,
            panic_bytes: 4 << 10,
            log_bytes: 64 << 10,
        }
    }

    /// Sets how long a task may run, from its start; what it waits in the queue does not count.
    /// Default: without limit. Past it the task is stopped, within milliseconds or when a
    /// [function of the host](crate::Grants::function) that it has called returns, and ends as
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

    /// Sets how much fuel a task may burn: an instruction of WebAssembly takes about one unit, filling
    /// or copying memory more, in proportion. Unlike time, it is the same on every run and machine. Default:
    /// without limit. A task that burns more ends as
    /// [`FuelExhausted`](crate::TaskErrorKind::FuelExhausted). The initializer of a sandbox burns of
    /// the task's.
    ///
    /// The module has to be one that [counts fuel](crate::TaskModuleBuilder::fuel_metering): with another
    /// one, pools are not built and tasks not accepted.
    #[must_use]
    pub const fn fuel(mut self, fuel: u64) -> Self {
        self.fuel = Some(fuel);
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

    /// Sets how many elements a table of functions may have. Default: 20,000; more than 1,000,000 are never
    /// granted. A task that asks for more ends as
    /// [`TableLimitExceeded`](crate::TaskErrorKind::TableLimitExceeded).
    #[must_use]
    pub const fn table_elements(mut self, elements: usize) -> Self {
        self.table_elements = elements;
        self
    }

    /// Sets how large a task's encoded arguments may be, in bytes, and the replies of the host's functions
    /// to it. Default: 64 MiB. Larger ones are not copied into the sandbox, and the task ends as
    /// [`ArgumentsTooLarge`](crate::TaskErrorKind::ArgumentsTooLarge).
    #[must_use]
    pub const fn argument_bytes(mut self, bytes: usize) -> Self {
        self.argument_bytes = bytes;
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

    /// Sets how much is kept of each text that a failing task tells, in bytes: the message of a panic,
    /// those of an error and its causes. Default: 4 KiB. The rest is cut off, which the text's end says.
    /// Of a panic's message no more than 4,000 bytes leave the sandbox.
    #[must_use]
    pub const fn panic_bytes(mut self, bytes: usize) -> Self {
        self.panic_bytes = bytes;
        self
    }

    /// Sets how much a task may [log](crate::Grants::log), in bytes, all lines together. Default: 64 KiB.
    /// What comes after that is dropped, which a last line says.
    #[must_use]
    pub const fn log_bytes(mut self, bytes: usize) -> Self {
        self.log_bytes = bytes;
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

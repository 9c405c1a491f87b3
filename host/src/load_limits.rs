//! What a module may be to be loaded.

use std::time::Duration;

/// The limits of what is loaded. Checked before anything is compiled, except for the time that
/// compiling takes.
///
/// ```
/// use std::time::Duration;
/// use sandpool::{LoadError, LoadLimits, TaskModule};
///
/// let limits = LoadLimits::new().module_bytes(1000).compile_time(Duration::from_secs(5));
/// let refused = TaskModule::builder(guest_tasks::MODULE).limits(limits).load();
/// assert!(matches!(refused, Err(LoadError::TooLarge { limit_bytes: 1000, .. })));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoadLimits {
    pub(crate) module_bytes: usize,
    pub(crate) functions: usize,
    pub(crate) compile_time: Duration,
}

impl LoadLimits {
    /// Returns the defaults: modules of up to 64 MiB with up to 100,000 functions, that compile within 60
    /// seconds.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            module_bytes: 64 << 20,
            functions: 100_000,
            compile_time: Duration::from_secs(60),
        }
    }

    /// Sets how large a module may be, in bytes. Default: 64 MiB. A larger one is
    /// [`LoadError::TooLarge`](crate::LoadError::TooLarge).
    #[must_use]
    pub const fn module_bytes(mut self, bytes: usize) -> Self {
        self.module_bytes = bytes;
        self
    }

    /// Sets how many functions a module may have, imported ones included. Default: 100,000. One with more
    /// is [`LoadError::TooManyFunctions`](crate::LoadError::TooManyFunctions).
    #[must_use]
    pub const fn functions(mut self, functions: usize) -> Self {
        self.functions = functions;
        self
    }

    /// Sets how long a module may take to compile. Default: 60 seconds; honest code takes about a second
    /// for a megabyte on two processors. One that takes longer is
    /// [`LoadError::CompileTime`](crate::LoadError::CompileTime), at this time; threads that compile a
    /// function for it then end when that function is done, which is bounded by the size that a function
    /// may have. In programs that abort on panics they compile the rest, too.
    #[must_use]
    pub const fn compile_time(mut self, time: Duration) -> Self {
        self.compile_time = time;
        self
    }
}

impl Default for LoadLimits {
    fn default() -> Self {
        Self::new()
    }
}

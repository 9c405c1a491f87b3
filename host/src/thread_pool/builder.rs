//! The settings of a thread pool.

use std::error::Error;
use std::fmt;
use std::sync::Arc;

use crate::error::{BuildError, with_causes};
use crate::panic_place;
use crate::running::Running;
use crate::settings::{Defaults, WorkerSettings, processors};
use crate::thread_pool::ThreadPool;
use crate::thread_pool::closures::Closures;
use crate::workers::Workers;

type Initializer = Arc<dyn Fn() -> Result<(), String> + Send + Sync>;

/// Builds a [`ThreadPool`].
#[derive(Clone)]
pub struct ThreadPoolBuilder {
    settings: WorkerSettings,
    stack_bytes: usize,
    initializer: Option<Initializer>,
}

impl ThreadPoolBuilder {
    pub(crate) fn new() -> Self {
        /// The same as that of [`std::thread`].
        const DEFAULT_STACK_BYTES: usize = 2 << 20;
        Self {
            settings: WorkerSettings::default(),
            stack_bytes: DEFAULT_STACK_BYTES,
            initializer: None,
        }
    }

    /// Sets the largest number of threads. Default: 4 more than the processors that this process may
    /// use, as closures mostly wait, but not more than 32.
    #[must_use]
    pub fn workers(mut self, workers: usize) -> Self {
        self.settings.workers = Some(workers);
        self
    }

    /// Sets the names of the threads, to which `_0`, `_1` ... is added. Default: `threads-` and a number
    /// that no other pool has. Linux shows 15 bytes of a thread's name.
    #[must_use]
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.settings.name = Some(name.into());
        self
    }

    /// Sets the size of a thread's stack in bytes. Default: 2 MiB.
    #[must_use]
    pub fn stack_bytes(mut self, bytes: usize) -> Self {
        self.stack_bytes = bytes;
        self
    }

    /// Sets how many closures may wait in the queue. Default: any number. When it is full,
    /// [`submit`](ThreadPool::submit) waits and [`try_submit`](ThreadPool::try_submit) gives the closure
    /// back.
    #[must_use]
    pub fn queue(mut self, closures: usize) -> Self {
        self.settings.queue = Some(closures);
        self
    }

    /// Has `initialize` called on every thread before its first closure: to open what each thread needs,
    /// and to find out whether it can.
    ///
    /// Where it fails or panics, the pool is broken: what waits ends as
    /// [`Broken`](crate::TaskErrorKind::Broken) with the reason, submitting is an error, closures that
    /// run on other threads are finished. The thread's own closure has not run. It may not wait for the
    /// pool's closures: the thread runs none yet.
    ///
    /// ```
    /// use sandpool::{SubmitErrorKind, ThreadPool};
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let pool = ThreadPool::builder()
    ///     .initializer(|| {
    ///         std::fs::read("no-such-key")?;
    ///         Ok(())
    ///     })
    ///     .build()?;
    /// let error = pool.submit(|| 42)?.join().unwrap_err();
    /// assert!(error.to_string().contains("the pool is broken: its initializer failed"));
    /// assert!(matches!(pool.submit(|| 42).unwrap_err().kind(), SubmitErrorKind::Broken(_)));
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn initializer(
        mut self,
        initialize: impl Fn() -> Result<(), Box<dyn Error + Send + Sync>> + Send + Sync + 'static,
    ) -> Self {
        self.initializer = Some(Arc::new(move || {
            // The text of an error is foreign code, too.
            let initialize = || {
                let failed = || "its initializer failed".to_owned();
                initialize().map_err(|error| with_causes(failed(), Some(&*error)))
            };
            panic_place::catch(initialize)
                .unwrap_or_else(|panic| Err(format!("its initializer panicked{panic}")))
        }));
        self
    }

    /// Has `start` called on every thread when it starts, with the thread's number, from 0: to set
    /// what the operating system keeps of a thread, or to count. Before the
    /// [initializer](Self::initializer). A panic in it is reported by the panic hook and has no further
    /// effect. It may shut the pool down, but not wait for its closures: the thread runs none yet.
    #[must_use]
    pub fn on_thread_start(mut self, start: impl Fn(usize) + Send + Sync + 'static) -> Self {
        self.settings.on_thread_start = Some(Arc::new(start));
        self
    }

    /// Has `stop` called on every thread when it ends, with the thread's number, whatever became of
    /// its initializer. A panic in it is reported by the panic hook and has no further effect.
    #[must_use]
    pub fn on_thread_stop(mut self, stop: impl Fn(usize) + Send + Sync + 'static) -> Self {
        self.settings.on_thread_stop = Some(Arc::new(stop));
        self
    }

    /// Creates the pool. Starts no thread.
    ///
    /// # Errors
    ///
    /// [`BuildError::NoWorkers`] if the number of workers is zero, [`BuildError::NoQueue`] if that of the
    /// queue's places is, [`BuildError::Name`] if the name has a NUL byte.
    pub fn build(self) -> Result<ThreadPool, BuildError> {
        const MOST_BY_DEFAULT: usize = 32;
        const MORE_THAN_PROCESSORS: usize = 4;
        let defaults = Defaults {
            workers: || (processors() + MORE_THAN_PROCESSORS).min(MOST_BY_DEFAULT),
            name: "threads",
            stack_bytes: self.stack_bytes,
        };
        let initializer = self.initializer;
        let running = Arc::<Running>::default();
        let of_workers = Arc::clone(&running);
        let start = move |_| {
            if let Some(initialize) = &initializer {
                initialize()?;
            }
            Ok(of_workers.desk())
        };
        panic_place::install();
        let workers = Workers::new(self.settings.check(&defaults, start)?);
        let closures = Closures {
            queue: workers.queue().clone(),
            running,
            counters: Arc::default(),
        };
        Ok(ThreadPool {
            workers,
            closures: Arc::new(closures),
        })
    }
}

impl fmt::Debug for ThreadPoolBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ThreadPoolBuilder")
            .field("settings", &self.settings)
            .field("stack_bytes", &self.stack_bytes)
            .finish_non_exhaustive()
    }
}

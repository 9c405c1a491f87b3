//! The settings of a process pool.

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::error::BuildError;
use crate::limits::Limits;
use crate::panic_place;
use crate::process_pool::{ProcessPool, Worker};
use crate::running::Running;
use crate::sandbox::{TaskModule, WASM_STACK_BYTES};
use crate::thread_pool::{processors, queue_limit, thread_name};
use crate::workers::{Settings, Workers};

/// Builds a [`ProcessPool`].
#[derive(Clone, Debug)]
pub struct ProcessPoolBuilder<M> {
    module: M,
    workers: Option<usize>,
    name: Option<String>,
    queue: Option<usize>,
    limits: Limits,
}

impl<M> ProcessPoolBuilder<M>
where
    M: TryInto<TaskModule>,
    BuildError: From<M::Error>,
{
    pub(crate) fn new(module: M) -> Self {
        Self {
            module,
            workers: None,
            name: None,
            queue: None,
            limits: Limits::new(),
        }
    }

    /// Sets the largest number of workers. Default: the number of processors that this process may
    /// use, by its affinity and its cgroup's quota.
    #[must_use]
    pub fn workers(mut self, workers: usize) -> Self {
        self.workers = Some(workers);
        self
    }

    /// Sets the names of the worker threads, to which `_0`, `_1` ... is added. Default: `processes-`
    /// and the number of the pool. Linux shows 15 bytes of a thread's name.
    #[must_use]
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// Sets how many tasks may wait in the queue. Default: any number. When it is full,
    /// [`submit`](ProcessPool::submit) waits and [`try_submit`](ProcessPool::try_submit) gives the
    /// arguments back.
    #[must_use]
    pub fn queue(mut self, tasks: usize) -> Self {
        self.queue = Some(tasks);
        self
    }

    /// Sets the limits of tasks that are not submitted [with](ProcessPool::with) their own. Default:
    /// [`Limits::new`].
    #[must_use]
    pub fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// Creates the pool. Loads the module if it was given as bytes; starts no worker.
    ///
    /// # Errors
    ///
    /// - [`BuildError::NoWorkers`], [`BuildError::NoQueue`]: the number of workers, or of places in the
    ///   queue, is zero;
    /// - [`BuildError::Name`]: the name has a NUL byte;
    /// - [`BuildError::Load`]: the module cannot be loaded;
    /// - [`BuildError::TooManyWorkers`]: the module does not have so many sandboxes left. It has 64,
    ///   or four times the number of processors if that is more.
    pub fn build(self) -> Result<ProcessPool, BuildError> {
        static POOLS: AtomicUsize = AtomicUsize::new(0);
        /// For the code around the wasm: decoding a result, up to 128 levels deep.
        const HOST_STACK_BYTES: usize = 2 << 20;
        let workers = self.workers.unwrap_or_else(processors);
        let workers = NonZeroUsize::new(workers).ok_or(BuildError::NoWorkers)?;
        let module: TaskModule = self.module.try_into()?;
        let sandboxes =
            module
                .reserve(workers.get())
                .map_err(|available| BuildError::TooManyWorkers {
                    requested: workers.get(),
                    available,
                })?;
        panic_place::install();
        let running = Arc::new(Running::default());
        let worker = Worker {
            module: module.clone(),
            running: Arc::clone(&running),
        };
        Ok(ProcessPool {
            workers: Workers::new(Settings {
                workers,
                name: thread_name(self.name, || {
                    format!("processes-{}", POOLS.fetch_add(1, Ordering::Relaxed))
                })?,
                stack_bytes: WASM_STACK_BYTES + HOST_STACK_BYTES,
                queue: queue_limit(self.queue)?,
                start: Box::new(move || {
                    // Lives as long as a worker may use them.
                    let _ = &sandboxes;
                    worker.clone()
                }),
            }),
            module,
            running,
            counters: Arc::default(),
            limits: self.limits,
        })
    }
}

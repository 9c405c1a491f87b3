//! Tasks in sandboxed processes.

mod builder;
mod submitter;

pub use builder::ProcessPoolBuilder;
pub(crate) use submitter::Call;
pub use submitter::Submitter;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::{Duration, Instant};

use sandpool_abi::codec::CodecError;
use sandpool_abi::{Reply, Task};

use crate::completion::Stop;
use crate::error::{BuildError, SubmitError, TaskErrorKind};
use crate::handle::TaskHandle;
use crate::limits::Limits;
use crate::map::Map;
use crate::panic_place;
use crate::promise::Promise;
use crate::running::Running;
use crate::sandbox::{self, Fault, Interrupt, TaskModule};
use crate::shutdown::Shutdown;
use crate::stats::{Counters, PoolStats};
use crate::workers::{Busy, Workers};

/// A pool of sandboxed processes for CPU-bound tasks, and for anything that is not trusted.
///
/// A process is a wasm instance with a memory of its own, inside this operating system process. It
/// lives for one task: every task starts with the module's initial memory and leaves nothing behind.
/// It has no access to files, network, environment, clock, or anything else that it was not given as
/// an argument. A crash in it ends its task, with an error that says how; the pool goes on. What it is
/// not: a second machine. It shares the host's address space behind the engine's checks, and an abort
/// of the host takes it along.
///
/// Workers are threads; they are started when there is work and none is idle, up to the pool's limit,
/// and stay. Dropping the pool finishes what was submitted and waits for it, so a task that never ends
/// needs a [timeout](Limits::timeout) or a [`cancel`](TaskHandle::cancel).
#[derive(Debug)]
#[doc(alias = "ProcessPoolExecutor")]
#[doc(alias = "InterpreterPoolExecutor")]
#[doc(alias = "Executor")]
pub struct ProcessPool {
    workers: Workers<Worker>,
    module: TaskModule,
    running: Arc<Running>,
    counters: Arc<Counters>,
    limits: Limits,
}

/// What a worker thread knows.
#[derive(Clone, Debug)]
pub(crate) struct Worker {
    module: TaskModule,
    running: Arc<Running>,
}

impl ProcessPool {
    /// Creates a pool with the defaults: one worker per processor, the default [`Limits`]. Loads the
    /// module if it is given as bytes; starts no worker.
    ///
    /// # Errors
    ///
    /// [`BuildError::Load`] if the module cannot be loaded, [`BuildError::TooManyWorkers`] if other
    /// pools use up the sandboxes of a module that they share.
    pub fn new<M>(module: M) -> Result<Self, BuildError>
    where
        M: TryInto<TaskModule>,
        BuildError: From<M::Error>,
    {
        Self::builder(module).build()
    }

    /// Returns a builder with the defaults.
    pub fn builder<M>(module: M) -> ProcessPoolBuilder<M>
    where
        M: TryInto<TaskModule>,
        BuildError: From<M::Error>,
    {
        ProcessPoolBuilder::new(module)
    }

    /// Returns a way to submit tasks with limits other than the pool's.
    ///
    /// ```
    /// use std::time::Duration;
    /// use guest_tasks::heavy_compute;
    /// use sandpool::{Limits, ProcessPool};
    ///
    /// # fn main() -> anyhow::Result<()> {
    /// let pool = ProcessPool::new(guest_tasks::MODULE)?;
    /// let limits = Limits::new().timeout(Duration::from_millis(10));
    /// let endless = pool.with(limits).submit(heavy_compute, u64::MAX)?;
    /// assert!(endless.join().unwrap_err().is_timeout());
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn with(&self, limits: Limits) -> Submitter<'_> {
        Submitter::new(self, limits)
    }

    /// Queues a task and returns its handle. Waits only where the queue was given a
    /// [limit](ProcessPoolBuilder::queue) and is full. Arguments that cannot be encoded are the task's
    /// error, not this call's.
    ///
    /// # Errors
    ///
    /// - [`Task`](crate::SubmitErrorKind::Task): the pool's module does not have the task, or with other
    ///   types;
    /// - [`ShutDown`](crate::SubmitErrorKind::ShutDown) after [`shutdown`](Self::shutdown);
    /// - [`Thread`](crate::SubmitErrorKind::Thread) when not even the first worker can be started.
    ///
    /// The error gives the arguments back.
    pub fn submit<T: Task>(
        &self,
        task: T,
        args: T::Args,
    ) -> Result<TaskHandle<T::Output>, SubmitError<T::Args>> {
        self.with(self.limits.clone()).submit(task, args)
    }

    /// Queues a task if the queue has room. Never waits.
    ///
    /// # Errors
    ///
    /// [`QueueFull`](crate::SubmitErrorKind::QueueFull), and as [`submit`](Self::submit).
    pub fn try_submit<T: Task>(
        &self,
        task: T,
        args: T::Args,
    ) -> Result<TaskHandle<T::Output>, SubmitError<T::Args>> {
        self.with(self.limits.clone()).try_submit(task, args)
    }

    /// Queues a task if the queue has room within `timeout`.
    ///
    /// # Errors
    ///
    /// [`QueueFull`](crate::SubmitErrorKind::QueueFull), and as [`submit`](Self::submit).
    pub fn submit_timeout<T: Task>(
        &self,
        task: T,
        args: T::Args,
        timeout: Duration,
    ) -> Result<TaskHandle<T::Output>, SubmitError<T::Args>> {
        self.with(self.limits.clone())
            .submit_timeout(task, args, timeout)
    }

    /// Queues a task for every input and returns the results in the order of the inputs. All inputs
    /// are taken now: an iterator without end has no place here.
    ///
    /// # Errors
    ///
    /// As [`submit`](Self::submit); what was queued before is cancelled.
    pub fn map<T: Task>(
        &self,
        task: T,
        inputs: impl IntoIterator<Item = T::Args>,
    ) -> Result<Map<T::Output>, SubmitError> {
        self.with(self.limits.clone()).map(task, inputs)
    }

    /// Queues the task of this name with arguments as JSON text; the result is JSON text, too.
    ///
    /// The arguments are one JSON value: that of the parameter for one, an array for several, `null`
    /// for none. They are parsed in the sandbox; what does not fit the task's types is the task's
    /// [`BadArguments`](crate::TaskErrorKind::BadArguments). The result comes from the sandbox as it
    /// is: if the module is not trusted, it need not be JSON.
    ///
    /// # Errors
    ///
    /// As [`submit`](Self::submit).
    pub fn submit_json(
        &self,
        task: &str,
        json: impl Into<String>,
    ) -> Result<TaskHandle<String>, SubmitError<String>> {
        self.with(self.limits.clone()).submit_json(task, json)
    }

    /// Queues the task of this name that takes bytes (`&[u8]` or `Vec<u8>`) and returns bytes.
    ///
    /// # Errors
    ///
    /// As [`submit`](Self::submit); [`Task`](crate::SubmitErrorKind::Task) also for a task that takes or
    /// returns something else.
    pub fn submit_bytes(
        &self,
        task: &str,
        bytes: impl Into<Vec<u8>>,
    ) -> Result<TaskHandle<Vec<u8>>, SubmitError<Vec<u8>>> {
        self.with(self.limits.clone()).submit_bytes(task, bytes)
    }

    /// Accepts no more tasks, and returns when all that were accepted have ended as `how` says and
    /// the workers have exited. Shutting down again waits, too.
    ///
    /// With [`Shutdown::Finish`] and [`Shutdown::CancelPending`] a task that runs is waited for,
    /// however long it takes.
    pub fn shutdown(&self, how: Shutdown) {
        how.carry_out(&self.workers, &self.running, None);
    }

    /// Shuts down as [`shutdown`](Self::shutdown) does, but does not wait for longer than `timeout`.
    /// Returns whether the workers have exited. Zero does not wait: what was accepted ends as `how`
    /// says all the same.
    ///
    /// Dropping the pool waits for the rest.
    pub fn shutdown_timeout(&self, how: Shutdown, timeout: Duration) -> bool {
        let deadline = Instant::now().checked_add(timeout);
        how.carry_out(&self.workers, &self.running, deadline)
    }

    /// Returns what the pool has done and is doing.
    #[must_use]
    pub fn stats(&self) -> PoolStats {
        self.counters.read()
    }

    /// Returns the pool's module.
    #[must_use]
    pub fn module(&self) -> &TaskModule {
        &self.module
    }

    /// Returns how many workers the pool may have.
    #[must_use]
    #[doc(alias = "max_workers")]
    pub fn workers(&self) -> usize {
        self.workers.max().get()
    }
}

impl Worker {
    fn run<R: Send + 'static>(
        &self,
        call: Call,
        decode: impl FnOnce(Reply<'_>) -> Result<R, CodecError>,
        promise: Promise<R>,
        busy: Busy<'_>,
    ) {
        let interrupt = Interrupt::new(&self.module);
        let stop: Arc<dyn Stop> = interrupt.clone();
        if !promise.claim(Some(stop)) {
            return;
        }
        let entered = self.running.enter(promise.completion());
        let started = Instant::now();
        panic_place::forget();
        let run = || sandbox::run(&self.module, &call, &interrupt, decode);
        // The engine does not panic, but decoding runs the `Deserialize` of the result's type.
        let outcome = catch_unwind(AssertUnwindSafe(run)).unwrap_or_else(|payload| {
            let panic = panic_place::panic_of(&*payload);
            Err(TaskErrorKind::Panicked(panic).into())
        });
        let outcome = outcome.map_err(|Fault { kind, backtrace }| promise.error(kind, backtrace));
        promise.count_busy(started.elapsed());
        drop(entered);
        promise.complete(outcome, busy);
    }
}

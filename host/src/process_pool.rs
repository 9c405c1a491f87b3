//! Tasks in sandboxed processes.

mod builder;
mod calls;
mod process_scope;
mod submitter;
mod tasks;

pub use builder::ProcessPoolBuilder;
pub use process_scope::ProcessScope;
pub use submitter::Submitter;

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use sandpool_abi::Task;

use crate::error::{BuildError, CallError, SubmitError};
use crate::handle::TaskHandle;
use crate::limits::Limits;
use crate::map::Map;
use crate::map_options::MapOptions;
use crate::map_with::MapWith;
use crate::process_pool::tasks::{Tasks, Worker};
use crate::sandbox::TaskModule;
use crate::shutdown::Shutdown;
use crate::stats::PoolStats;
use crate::workers::Workers;

/// A pool of sandboxed processes for CPU-bound tasks, and for anything that is not trusted.
///
/// A process is a wasm instance with a memory of its own, inside this operating system process. It
/// lives for one task, unless the pool is told [otherwise](crate::Isolation): every task starts with
/// the module's initial memory and leaves nothing behind. It has no access to files, network,
/// environment, clock, or anything else that it was not given as an argument. A crash in it ends its
/// task, with an error that says how; the pool goes on. What it is not: a second machine. It shares
/// the host's address space behind the engine's checks, and an abort of the host takes it along.
///
/// Workers are threads; they are started when there is work and none is idle, up to the pool's limit,
/// and stay. Dropping the pool finishes what was submitted and waits for it, so a task that never ends
/// needs a [timeout](Limits::timeout) or a [`cancel`](TaskHandle::cancel).
#[doc(alias = "ProcessPoolExecutor")]
#[doc(alias = "InterpreterPoolExecutor")]
#[doc(alias = "Executor")]
pub struct ProcessPool {
    /// First, so that it is dropped first: that waits for the workers.
    workers: Workers<Worker>,
    tasks: Arc<Tasks>,
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
        Submitter::new(self, Cow::Owned(limits))
    }

    /// Returns a way to submit tasks with the pool's limits.
    fn with_own(&self) -> Submitter<'_> {
        Submitter::new(self, Cow::Borrowed(self.tasks.limits()))
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
        self.with_own().submit(task, args)
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
        self.with_own().try_submit(task, args)
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
        self.with_own().submit_timeout(task, args, timeout)
    }

    /// Runs a task on this thread, in a sandbox of the pool's, and returns its result: without a queue, and
    /// without another thread. Waits for no worker, and keeps none from its work.
    ///
    /// All limits hold, and a task that crashes is an error, as with [`submit`](Self::submit).
    /// [`Isolation::Reuse`](crate::Isolation::Reuse) keeps the sandbox for the next call. What is different:
    /// nobody has a handle to [`cancel`](TaskHandle::cancel) the task with (a [timeout](Limits::timeout)
    /// stops it, and [`Shutdown::CancelAll`]); other [shutdowns](Self::shutdown) do not wait for it; and
    /// [`PoolStats::busy`](crate::PoolStats::busy) does not count it.
    ///
    /// Threads that call at the same time have a sandbox each, beside those of the workers, and the pool keeps
    /// them for later calls: they count among those that the module has.
    ///
    /// A thread that has less stack left than the module's (1 MiB if nothing else was
    /// [asked for](crate::TaskModuleBuilder::stack_bytes)) and 768 KiB more, or that comes when all
    /// sandboxes of the module are taken, submits the task and waits for it instead.
    ///
    /// ```
    /// use guest_tasks::primes_below;
    /// use sandpool::ProcessPool;
    ///
    /// # fn main() -> anyhow::Result<()> {
    /// let pool = ProcessPool::new(guest_tasks::MODULE)?;
    /// assert_eq!(pool.call(primes_below, 100)?, 25);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// - [`CallError::Submit`] as [`submit`](Self::submit); the task has not run;
    /// - [`CallError::Task`] as [`TaskHandle::join`].
    #[doc(alias = "apply")]
    pub fn call<T: Task>(&self, task: T, args: T::Args) -> Result<T::Output, CallError<T::Args>> {
        self.with_own().call(task, args)
    }

    /// Runs a task that returns bytes as [`call`](Self::call) does, and returns what `read` makes of them. It is
    /// given them where they are, in the sandbox's memory: they are not copied. A panic in `read` is the
    /// task's [`Panicked`](crate::TaskErrorKind::Panicked).
    ///
    /// ```
    /// use std::io::Write;
    /// use guest_tasks::blur_png;
    /// use sandpool::ProcessPool;
    ///
    /// fn blur(pool: &ProcessPool, png: Vec<u8>, mut to: impl Write) -> anyhow::Result<()> {
    ///     pool.call_with(blur_png, (png, 2.0), |blurred| to.write_all(blurred))??;
    ///     Ok(())
    /// }
    /// ```
    ///
    /// # Errors
    ///
    /// As [`call`](Self::call).
    pub fn call_with<T: Task<Output = Vec<u8>>, R>(
        &self,
        task: T,
        args: T::Args,
        read: impl FnOnce(&[u8]) -> R,
    ) -> Result<R, CallError<T::Args>> {
        self.with_own().call_with(task, args, read)
    }

    /// Queues a task for every input and returns the results in the order of the inputs. All inputs
    /// are taken now: for an iterator without end, and for tiny tasks, there is
    /// [`map_with`](Self::map_with).
    ///
    /// A task of several parameters takes a tuple: of two inputs with [`std::iter::zip`], which ends
    /// with the shorter one.
    ///
    /// # Errors
    ///
    /// As [`submit`](Self::submit); what was queued before is cancelled.
    pub fn map<T: Task>(
        &self,
        task: T,
        inputs: impl IntoIterator<Item = T::Args>,
    ) -> Result<Map<T::Output>, SubmitError> {
        self.with_own().map(task, inputs)
    }

    /// Queues a task for every input as [`map`](Self::map) does, and as the options say: with only so
    /// many inputs taken in advance, several inputs for each job of a worker, results as they come,
    /// within a time limit, with a callback on the way.
    ///
    /// ```
    /// use guest_tasks::primes_below;
    /// use sandpool::{MapOptions, ProcessPool};
    ///
    /// # fn main() -> anyhow::Result<()> {
    /// let pool = ProcessPool::new(guest_tasks::MODULE)?;
    /// let options = MapOptions::new().window(64).auto_chunk();
    /// let counts = pool.map_with(primes_below, (10..).step_by(10), options)?;
    /// assert_eq!(counts.take(3).collect::<Result<Vec<_>, _>>()?, [4, 8, 10]);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// [`ZeroWindow`](crate::SubmitErrorKind::ZeroWindow) and
    /// [`ZeroChunk`](crate::SubmitErrorKind::ZeroChunk) for options that make no sense, and as
    /// [`submit`](Self::submit) for the inputs that are taken at once; what was queued is cancelled.
    /// What goes wrong later is an item of the iterator: [`MapError`](crate::MapError).
    pub fn map_with<'i, T, I>(
        &self,
        task: T,
        inputs: I,
        options: MapOptions,
    ) -> Result<MapWith<'i, T::Output>, SubmitError>
    where
        T: Task,
        I: IntoIterator<Item = T::Args>,
        I::IntoIter: Send + 'i,
    {
        self.with_own().map_with(task, inputs, options)
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
        self.with_own().submit_json(task, json)
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
        self.with_own().submit_bytes(task, bytes)
    }

    /// Calls `body` with a scope, and returns when all tasks that were submitted there have ended.
    ///
    /// Where `body` returns an error or panics, those that have not ended are cancelled, which stops
    /// the ones that run, and then the error is returned or the panic goes on. A task that fails is the
    /// error of its own handle, as outside of a scope.
    ///
    /// ```
    /// use guest_tasks::{heavy_compute, primes_below};
    /// use sandpool::ProcessPool;
    ///
    /// # fn main() -> anyhow::Result<()> {
    /// let pool = ProcessPool::new(guest_tasks::MODULE)?;
    /// let refused = pool.scope(|scope| {
    ///     let endless = scope.submit(heavy_compute, u64::MAX)?;
    ///     let primes = scope.submit(primes_below, 100)?.join()?;
    ///     anyhow::ensure!(primes > 25, "only {primes} primes");
    ///     Ok(endless.join()?)
    /// });
    /// assert_eq!(refused.unwrap_err().to_string(), "only 25 primes");
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// That of `body`.
    ///
    /// # Panics
    ///
    /// If `body` does.
    pub fn scope<'pool, R, E>(
        &'pool self,
        body: impl FnOnce(&ProcessScope<'pool>) -> Result<R, E>,
    ) -> Result<R, E> {
        self.with_own().scope(body)
    }

    /// Accepts no more tasks, and returns when all that were accepted have ended as `how` says and
    /// the workers have exited. Shutting down again waits, too.
    ///
    /// With [`Shutdown::Finish`] and [`Shutdown::CancelPending`] a task that runs is waited for,
    /// however long it takes. Called on one of the pool's own threads, from a callback, it does not
    /// wait, or it would wait for itself.
    pub fn shutdown(&self, how: Shutdown) {
        how.carry_out(&self.workers, &self.tasks.running, None);
        self.tasks.callers.clear();
    }

    /// Shuts down as [`shutdown`](Self::shutdown) does, but does not wait for longer than `timeout`.
    /// Returns whether the workers have exited. Zero does not wait: what was accepted ends as `how`
    /// says all the same.
    ///
    /// Dropping the pool waits for the rest.
    pub fn shutdown_timeout(&self, how: Shutdown, timeout: Duration) -> bool {
        let deadline = Instant::now().checked_add(timeout);
        let has_exited = how.carry_out(&self.workers, &self.tasks.running, deadline);
        self.tasks.callers.clear();
        has_exited
    }

    /// Returns what the pool has done and is doing.
    #[must_use]
    pub fn stats(&self) -> PoolStats {
        PoolStats {
            interruption: Some(self.module().interruption()),
            initialization: self.tasks.initialization,
            ..self.tasks.counters.read(self.workers.alive())
        }
    }

    /// Returns the pool's module.
    #[must_use]
    pub fn module(&self) -> &TaskModule {
        &self.tasks.module
    }

    /// Returns how many workers the pool may have.
    #[must_use]
    #[doc(alias = "max_workers")]
    pub fn workers(&self) -> usize {
        self.workers.max().get()
    }
}

impl fmt::Debug for ProcessPool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ProcessPool")
            .field("workers", &self.workers)
            .field("module", self.module())
            .field("limits", self.tasks.limits())
            .field("stats", &self.stats())
            .finish()
    }
}

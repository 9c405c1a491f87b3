//! Closures on threads.

use std::num::NonZeroUsize;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use crate::cancel_token::CancelToken;
use crate::completion::Stop;
use crate::error::{BuildError, SubmitError, TaskErrorKind};
use crate::handle::TaskHandle;
use crate::map::Map;
use crate::panic_place;
use crate::promise::Promise;
use crate::running::Running;
use crate::shutdown::Shutdown;
use crate::stats::{Counters, PoolStats};
use crate::workers::{Busy, Job, Patience, Settings, Workers};

/// A pool of threads for closures: the place for I/O, and for anything that is trusted.
///
/// Threads are started when there is work and none is idle, up to the pool's limit, and stay. Dropping
/// the pool finishes what was submitted and waits for it; [`shutdown`](Self::shutdown) can do
/// otherwise.
///
/// A closure that panics ends its own task only. The panic hook runs first, as for any panic; to learn the
/// place of a panic, the first pool puts a hook of its own before the one that there is.
///
/// ```
/// use sandpool::ThreadPool;
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let pool = ThreadPool::new(3)?;
/// let handle = pool.submit(|| std::fs::read_to_string("Cargo.toml"))?;
/// let text = handle.join()??;
/// assert!(text.contains("[package]"));
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
#[doc(alias = "ThreadPoolExecutor")]
#[doc(alias = "Executor")]
pub struct ThreadPool {
    workers: Workers<()>,
    running: Arc<Running>,
    counters: Arc<Counters>,
}

impl ThreadPool {
    /// Creates a pool of at most so many threads. Starts none.
    ///
    /// # Errors
    ///
    /// [`BuildError::NoWorkers`] for zero.
    pub fn new(workers: usize) -> Result<Self, BuildError> {
        Self::builder().workers(workers).build()
    }

    /// Returns a builder with the defaults.
    pub fn builder() -> ThreadPoolBuilder {
        ThreadPoolBuilder {
            workers: None,
            name: None,
            stack_bytes: DEFAULT_STACK_BYTES,
            queue: None,
        }
    }

    /// Queues a closure and returns its handle. Waits only where the queue was given a
    /// [limit](ThreadPoolBuilder::queue) and is full.
    ///
    /// # Errors
    ///
    /// [`ShutDown`](crate::SubmitErrorKind::ShutDown) after [`shutdown`](Self::shutdown),
    /// [`Thread`](crate::SubmitErrorKind::Thread) when not even the first thread can be started. The
    /// error gives the closure back.
    pub fn submit<F, T>(&self, closure: F) -> Result<TaskHandle<T>, SubmitError<F>>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        self.queue(closure, Patience::Endless, None, |closure| closure())
    }

    /// Queues a closure if the queue has room. Never waits.
    ///
    /// # Errors
    ///
    /// [`QueueFull`](crate::SubmitErrorKind::QueueFull), and as [`submit`](Self::submit).
    pub fn try_submit<F, T>(&self, closure: F) -> Result<TaskHandle<T>, SubmitError<F>>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        self.queue(closure, Patience::None, None, |closure| closure())
    }

    /// Queues a closure if the queue has room within `timeout`.
    ///
    /// # Errors
    ///
    /// [`QueueFull`](crate::SubmitErrorKind::QueueFull), and as [`submit`](Self::submit).
    pub fn submit_timeout<F, T>(
        &self,
        closure: F,
        timeout: Duration,
    ) -> Result<TaskHandle<T>, SubmitError<F>>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        self.queue(closure, Patience::of(timeout), None, |closure| closure())
    }

    /// Queues a closure that is told when it is cancelled, as [`submit`](Self::submit) does.
    ///
    /// [`TaskHandle::cancel`] on the running closure sets the token and returns `false`: whether the
    /// closure heeds it is its own affair, and what it returns is its result.
    ///
    /// ```
    /// use sandpool::{CancelToken, ThreadPool};
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let pool = ThreadPool::new(1)?;
    /// let handle = pool.submit_cancellable(|token: &CancelToken| {
    ///     while !token.is_cancelled() {
    ///         std::thread::yield_now(); // a piece of work
    ///     }
    ///     "as far as it got"
    /// })?;
    /// while !handle.is_running() {
    ///     std::thread::yield_now();
    /// }
    /// handle.cancel();
    /// assert_eq!(handle.join()?, "as far as it got");
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// As [`submit`](Self::submit).
    pub fn submit_cancellable<F, T>(&self, closure: F) -> Result<TaskHandle<T>, SubmitError<F>>
    where
        F: FnOnce(&CancelToken) -> T + Send + 'static,
        T: Send + 'static,
    {
        let token = CancelToken::default();
        let own = token.clone();
        self.queue(closure, Patience::Endless, Some(token), move |closure| {
            closure(&own)
        })
    }

    fn queue<F, T>(
        &self,
        closure: F,
        patience: Patience,
        token: Option<CancelToken>,
        call: impl FnOnce(F) -> T + Send + 'static,
    ) -> Result<TaskHandle<T>, SubmitError<F>>
    where
        F: Send + 'static,
        T: Send + 'static,
    {
        let running = Arc::clone(&self.running);
        let queued = self.workers.submit(closure, patience, |closure| {
            let promise = Promise::new(std::any::type_name::<F>(), &self.counters);
            let completion = promise.completion();
            let job: Job<()> = Box::new(move |(): &(), busy: Busy<'_>| {
                run(|| call(closure), promise, token, &running, busy);
            });
            (job, completion)
        });
        match queued {
            Ok((queued, completion)) => {
                completion.set_queued(queued);
                Ok(TaskHandle { completion })
            }
            Err((kind, closure)) => Err(SubmitError::new(kind, closure)),
        }
    }

    /// Queues a call of the closure for every input and returns the results in the order of the
    /// inputs. All inputs are taken now: an iterator without end has no place here.
    ///
    /// ```
    /// use sandpool::ThreadPool;
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let pool = ThreadPool::new(2)?;
    /// let squares = pool.map(|n| n * n, 1..=3)?.collect::<Result<Vec<_>, _>>()?;
    /// assert_eq!(squares, [1, 4, 9]);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// As [`submit`](Self::submit); what was queued before is cancelled.
    pub fn map<F, A, T>(
        &self,
        closure: F,
        inputs: impl IntoIterator<Item = A>,
    ) -> Result<Map<T>, SubmitError>
    where
        F: Fn(A) -> T + Send + Sync + 'static,
        A: Send + 'static,
        T: Send + 'static,
    {
        let closure = Arc::new(closure);
        Map::submit(inputs, |input| {
            let closure = Arc::clone(&closure);
            self.submit(move || closure(input))
                .map_err(|error| error.map(drop))
        })
    }

    /// Accepts no more closures, and returns when all that were accepted have ended as `how` says
    /// and the threads have exited. Shutting down again waits, too.
    ///
    /// A closure that runs cannot be stopped: it is waited for. Called on one of the pool's own
    /// threads it does not wait, or it would wait for itself.
    pub fn shutdown(&self, how: Shutdown) {
        how.carry_out(&self.workers, &self.running, None);
    }

    /// Shuts down as [`shutdown`](Self::shutdown) does, but does not wait for longer than `timeout`.
    /// Returns whether the threads have exited. Zero does not wait: what was accepted ends as `how`
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

    /// Returns how many threads the pool may have.
    #[must_use]
    #[doc(alias = "max_workers")]
    pub fn workers(&self) -> usize {
        self.workers.max().get()
    }
}

fn run<T: Send + 'static>(
    closure: impl FnOnce() -> T,
    promise: Promise<T>,
    token: Option<CancelToken>,
    running: &Running,
    busy: Busy<'_>,
) {
    let can_be_told = token.is_some();
    let stop = token.map(|token| Arc::new(token) as Arc<dyn Stop>);
    if !promise.claim(stop) {
        return;
    }
    let entered = can_be_told.then(|| running.enter(promise.completion()));
    let started = Instant::now();
    panic_place::forget();
    // The closure is gone after a panic, and what it shares with others is theirs to protect.
    let outcome = catch_unwind(AssertUnwindSafe(closure)).map_err(|payload| {
        let panic = panic_place::panic_of(&*payload);
        promise.error(TaskErrorKind::Panicked(panic), Vec::new())
    });
    promise.count_busy(started.elapsed());
    drop(entered);
    promise.complete(outcome, busy);
}

/// Builds a [`ThreadPool`].
#[derive(Clone, Debug)]
pub struct ThreadPoolBuilder {
    workers: Option<usize>,
    name: Option<String>,
    stack_bytes: usize,
    queue: Option<usize>,
}

/// The same as that of [`std::thread`].
const DEFAULT_STACK_BYTES: usize = 2 << 20;

impl ThreadPoolBuilder {
    /// Sets the largest number of threads. Default: 4 more than the processors that this process may
    /// use, as closures mostly wait, but not more than 32.
    #[must_use]
    pub fn workers(mut self, workers: usize) -> Self {
        self.workers = Some(workers);
        self
    }

    /// Sets the names of the threads, to which `_0`, `_1` ... is added. Default: `threads-` and the
    /// number of the pool. Linux shows 15 bytes of a thread's name.
    #[must_use]
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
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
        self.queue = Some(closures);
        self
    }

    /// Creates the pool.
    ///
    /// # Errors
    ///
    /// [`BuildError::NoWorkers`] if the number of workers is zero, [`BuildError::NoQueue`] if that of the
    /// queue's places is, [`BuildError::Name`] if the name has a NUL byte.
    pub fn build(self) -> Result<ThreadPool, BuildError> {
        static POOLS: AtomicUsize = AtomicUsize::new(0);
        const MOST_BY_DEFAULT: usize = 32;
        const MORE_THAN_PROCESSORS: usize = 4;
        let default = || (processors() + MORE_THAN_PROCESSORS).min(MOST_BY_DEFAULT);
        let workers = self.workers.unwrap_or_else(default);
        panic_place::install();
        Ok(ThreadPool {
            workers: Workers::new(Settings {
                workers: NonZeroUsize::new(workers).ok_or(BuildError::NoWorkers)?,
                name: thread_name(self.name, || {
                    format!("threads-{}", POOLS.fetch_add(1, Ordering::Relaxed))
                })?,
                stack_bytes: self.stack_bytes,
                queue: queue_limit(self.queue)?,
                start: Box::new(|| ()),
            }),
            running: Arc::default(),
            counters: Arc::default(),
        })
    }
}

/// Checks the name that threads are to have, or makes one.
pub(crate) fn thread_name(
    name: Option<String>,
    default: impl FnOnce() -> String,
) -> Result<String, BuildError> {
    match name {
        Some(name) if name.contains('\0') => Err(BuildError::Name(name)),
        Some(name) => Ok(name),
        None => Ok(default()),
    }
}

/// Checks the limit of a queue.
pub(crate) fn queue_limit(places: Option<usize>) -> Result<Option<NonZeroUsize>, BuildError> {
    places
        .map(|places| NonZeroUsize::new(places).ok_or(BuildError::NoQueue))
        .transpose()
}

/// Returns how many processors this process may use: its affinity and its cgroup's quota count.
pub(crate) fn processors() -> usize {
    std::thread::available_parallelism().map_or(1, NonZeroUsize::get)
}

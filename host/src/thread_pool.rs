//! Closures on threads.

mod builder;
mod closures;

pub use builder::ThreadPoolBuilder;
pub(crate) use closures::{Closures, run_told};

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::cancel_token::CancelToken;
use crate::error::{BuildError, SubmitError, SubmitErrorKind};
use crate::handle::TaskHandle;
use crate::map::Map;
use crate::map_options::MapOptions;
use crate::map_with::MapWith;
use crate::queue::Patience;
use crate::running::Desk;
use crate::scope::{self, Scope};
use crate::shutdown::Shutdown;
use crate::stats::PoolStats;
use crate::workers::Workers;

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
#[doc(alias = "ThreadPoolExecutor")]
#[doc(alias = "Executor")]
pub struct ThreadPool {
    /// First, so that it is dropped first: that waits for the workers.
    workers: Workers<Desk>,
    closures: Arc<Closures>,
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
        ThreadPoolBuilder::new()
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
        self.closures
            .submit(closure, Patience::Endless, None, |closure| closure())
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
        self.closures
            .submit(closure, Patience::None, None, |closure| closure())
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
        self.closures
            .submit(closure, Patience::of(timeout), None, |closure| closure())
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
        self.closures
            .submit(closure, Patience::Endless, Some(token), move |closure| {
                closure(&own)
            })
    }

    /// Queues a call of the closure for every input and returns the results in the order of the
    /// inputs. All inputs are taken now: for an iterator without end, and for tiny tasks, there is
    /// [`map_with`](Self::map_with).
    ///
    /// A closure of several parameters takes a tuple: of two inputs with [`std::iter::zip`], which
    /// ends with the shorter one.
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

    /// Calls the closure for every input as [`map`](Self::map) does, and as the options say: with only
    /// so many inputs taken in advance, several inputs for each job of a worker, results as they come,
    /// within a time limit, with a callback on the way.
    ///
    /// ```
    /// use sandpool::{MapOptions, ThreadPool};
    ///
    /// # fn main() -> anyhow::Result<()> {
    /// let pool = ThreadPool::new(2)?;
    /// let endless = pool.map_with(|n: u64| n * n, 1.., MapOptions::new().window(8))?;
    /// let squares = endless.take(3).collect::<Result<Vec<_>, _>>()?;
    /// assert_eq!(squares, [1, 4, 9]);
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
    pub fn map_with<'i, F, A, T, I>(
        &self,
        closure: F,
        inputs: I,
        options: MapOptions,
    ) -> Result<MapWith<'i, T>, SubmitError>
    where
        F: Fn(A) -> T + Send + Sync + 'static,
        A: Send + 'static,
        T: Send + 'static,
        I: IntoIterator<Item = A>,
        I::IntoIter: Send + 'i,
    {
        let closures = Arc::downgrade(&self.closures);
        let closure = Arc::new(closure);
        options.start(
            inputs.into_iter(),
            self.workers(),
            move |inputs, patience, report| match closures.upgrade() {
                Some(closures) => {
                    closures.submit_chunk(inputs, patience, Arc::clone(&closure), report)
                }
                None => Err((SubmitErrorKind::ShutDown, inputs)),
            },
        )
    }

    /// Calls `body` with a scope in which closures may borrow what is around it, and returns when all
    /// that were submitted there have ended: they run on this pool's threads.
    ///
    /// Where `body` returns an error or panics, those that have not started are cancelled, those that
    /// look at a [`CancelToken`] are told, those that run are waited for, and then the error is returned
    /// or the panic goes on. A closure that panics is the error of its own handle, as outside of a
    /// scope.
    ///
    /// On one of the pool's own threads the closures that wait are run right here.
    ///
    /// ```
    /// use sandpool::ThreadPool;
    ///
    /// # fn main() -> anyhow::Result<()> {
    /// let pool = ThreadPool::new(2)?;
    /// let words = ["a", "bb", "ccc"].map(str::to_owned);
    /// let longest = pool.scope(|scope| -> anyhow::Result<_> {
    ///     let lengths = words.iter().map(|word| scope.submit(|| word.len()));
    ///     let mut longest = 0;
    ///     for length in lengths.collect::<Result<Vec<_>, _>>()? {
    ///         longest = longest.max(length.join()?);
    ///     }
    ///     Ok(longest)
    /// })?;
    /// assert_eq!(longest, 3);
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
    pub fn scope<'env, R, E>(
        &self,
        body: impl for<'scope> FnOnce(&'scope Scope<'scope, 'env>) -> Result<R, E>,
    ) -> Result<R, E> {
        scope::scope(&self.closures, body)
    }

    /// Accepts no more closures, and returns when all that were accepted have ended as `how` says
    /// and the threads have exited. Shutting down again waits, too.
    ///
    /// A closure that runs cannot be stopped: it is waited for. Called on one of the pool's own
    /// threads it does not wait, or it would wait for itself.
    pub fn shutdown(&self, how: Shutdown) {
        how.carry_out(&self.workers, &self.closures.running, None);
    }

    /// Shuts down as [`shutdown`](Self::shutdown) does, but does not wait for longer than `timeout`.
    /// Returns whether the threads have exited. Zero does not wait: what was accepted ends as `how`
    /// says all the same.
    ///
    /// Dropping the pool waits for the rest.
    pub fn shutdown_timeout(&self, how: Shutdown, timeout: Duration) -> bool {
        let deadline = Instant::now().checked_add(timeout);
        how.carry_out(&self.workers, &self.closures.running, deadline)
    }

    /// Returns what the pool has done and is doing.
    #[must_use]
    pub fn stats(&self) -> PoolStats {
        self.closures.counters.read(self.workers.alive())
    }

    /// Returns how many threads the pool may have.
    #[must_use]
    #[doc(alias = "max_workers")]
    pub fn workers(&self) -> usize {
        self.workers.max().get()
    }
}

impl fmt::Debug for ThreadPool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ThreadPool")
            .field("workers", &self.workers)
            .field("stats", &self.stats())
            .finish()
    }
}

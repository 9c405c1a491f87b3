//! Closures on threads.

use std::num::NonZeroUsize;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::completion::Promise;
use crate::error::{BuildError, SubmitError, TaskErrorKind};
use crate::handle::TaskHandle;
use crate::map::Map;
use crate::panic_place;
use crate::workers::{Busy, Job, Settings, Shutdown, Workers};

/// A pool of threads for closures: the place for I/O, and for anything that is trusted.
///
/// Threads are started when there is work and none is idle, up to the pool's limit, and stay. Dropping
/// the pool finishes what was submitted and waits for it; [`shutdown`](Self::shutdown) can do
/// otherwise.
///
/// A closure that panics ends its own task only. The panic hook runs first, as for any panic.
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
        }
    }

    /// Queues a closure and returns its handle. Never waits.
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
        let promise = Promise::new(std::any::type_name::<F>());
        let completion = promise.completion();
        let queued = self
            .workers
            .submit((closure, promise), |(closure, promise)| {
                Box::new(move |_: &mut (), busy: Busy<'_>| run(closure, promise, busy)) as Job<()>
            });
        match queued {
            Ok(()) => Ok(TaskHandle { completion }),
            Err((kind, (closure, _promise))) => Err(SubmitError::new(kind, closure)),
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
        self.workers.shut_down(how);
    }

    /// Returns how many threads the pool may have.
    #[must_use]
    #[doc(alias = "max_workers")]
    pub fn workers(&self) -> usize {
        self.workers.max().get()
    }
}

fn run<T>(closure: impl FnOnce() -> T, promise: Promise<T>, busy: Busy<'_>) {
    if !promise.claim(None) {
        return;
    }
    // The closure is gone after a panic, and what it shares with others is theirs to protect.
    let outcome = catch_unwind(AssertUnwindSafe(closure)).map_err(|payload| {
        let panic = panic_place::panic_of(&*payload);
        promise.error(TaskErrorKind::Panicked(panic), Vec::new())
    });
    drop(busy);
    promise.complete(outcome);
}

/// Builds a [`ThreadPool`].
#[derive(Clone, Debug)]
pub struct ThreadPoolBuilder {
    workers: Option<usize>,
    name: Option<String>,
    stack_bytes: usize,
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

    /// Creates the pool.
    ///
    /// # Errors
    ///
    /// [`BuildError::NoWorkers`] if the number of workers is zero.
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
                name: self.name.unwrap_or_else(|| {
                    format!("threads-{}", POOLS.fetch_add(1, Ordering::Relaxed))
                }),
                stack_bytes: self.stack_bytes,
                start: Box::new(|| ()),
            }),
        })
    }
}

/// Returns how many processors this process may use: its affinity and its cgroup's quota count.
pub(crate) fn processors() -> usize {
    std::thread::available_parallelism().map_or(1, NonZeroUsize::get)
}

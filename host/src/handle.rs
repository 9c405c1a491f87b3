//! What `submit` returns: the right to a task's outcome, and the right to cancel it.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use crate::completion::Completion;
use crate::control::Cancel;
use crate::error::{TaskError, Unfinished};
use crate::task::TaskRef;

/// A submitted task, on whichever pool.
///
/// The handle is also a [`Future`], under any runtime. Polling it never runs the task, as
/// [`join`](Self::join) does on a worker of the task's pool: a closure that blocks on futures of its
/// own pool needs a worker that is free. Dropping it detaches the task: it runs all the
/// same, and its outcome is dropped.
#[must_use = "a dropped handle loses the task's outcome, errors included"]
#[doc(alias = "Future")]
#[doc(alias = "JoinHandle")]
pub struct TaskHandle<T> {
    pub(crate) task: TaskRef<T>,
}

impl<T> TaskHandle<T> {
    pub(crate) fn completion(&self) -> &Completion<T> {
        self.task.completion()
    }

    /// Waits until the task has finished and returns its outcome.
    ///
    /// Callbacks given to [`on_finish`](Self::on_finish) before have run by then.
    ///
    /// On a worker of the task's own pool, a task that waits in the queue is run right here: tasks may
    /// wait for tasks of their pool, however few workers it has.
    ///
    /// # Errors
    ///
    /// The [`TaskError`] with which the task ended, [`Cancelled`](crate::TaskErrorKind::Cancelled)
    /// if it was cancelled.
    ///
    /// # Panics
    ///
    /// If the handle was polled as a future and has returned the outcome there.
    #[doc(alias = "result")]
    #[doc(alias = "exception")]
    pub fn join(self) -> Result<T, TaskError> {
        self.task.help();
        self.completion()
            .take(None)
            .expect("waiting without a deadline ends with an outcome")
    }

    /// Waits until the task has finished, but not longer than `timeout`, and returns its outcome.
    /// A timeout of zero looks and does not wait. Unlike [`join`](Self::join) this never runs the task
    /// itself, which could take longer.
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use sandpool::ThreadPool;
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let pool = ThreadPool::new(1)?;
    /// let handle = pool.submit(|| 6 * 7)?;
    /// assert_eq!(handle.join_timeout(Duration::from_secs(60))??, 42);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// [`Unfinished`] if the time ran out: the task goes on, and the error gives the handle back. The
    /// inner error is that of [`join`](Self::join).
    ///
    /// # Panics
    ///
    /// As [`join`](Self::join).
    #[doc(alias = "result")]
    pub fn join_timeout(self, timeout: Duration) -> Result<Result<T, TaskError>, Unfinished<T>> {
        // A deadline too far away to be told is none.
        let deadline = Instant::now().checked_add(timeout);
        match self.completion().take(deadline) {
            Some(outcome) => Ok(outcome),
            None => Err(Unfinished::new(self, timeout)),
        }
    }

    /// Returns the task's outcome if it has finished. Never waits: while callbacks look at the outcome of
    /// a task that has finished, it cannot be had.
    ///
    /// # Errors
    ///
    /// As [`join_timeout`](Self::join_timeout).
    ///
    /// # Panics
    ///
    /// As [`join`](Self::join).
    pub fn try_join(self) -> Result<Result<T, TaskError>, Unfinished<T>> {
        self.join_timeout(Duration::ZERO)
    }

    /// Cancels the task and returns whether it is cancelled now.
    ///
    /// A task that waits in the queue is never started. A running task of a
    /// [`ProcessPool`](crate::ProcessPool) is stopped; its handle is finished at once, its worker is
    /// free within milliseconds, or when a [function of the host](crate::Grants::function) that it has
    /// called returns. A closure that runs on a
    /// [`ThreadPool`](crate::ThreadPool) cannot be stopped: `false`, and it runs on. `false` also for
    /// a task that has ended otherwise.
    pub fn cancel(&self) -> bool {
        self.task.cancel()
    }

    /// Returns whether the task has ended: with a value, an error, or by cancellation.
    #[must_use]
    #[doc(alias = "done")]
    pub fn is_finished(&self) -> bool {
        self.completion().is_finished()
    }

    /// Returns whether a worker is running the task at the moment.
    #[must_use]
    #[doc(alias = "running")]
    pub fn is_running(&self) -> bool {
        self.completion().is_running()
    }

    /// Returns whether the task was cancelled.
    #[must_use]
    #[doc(alias = "cancelled")]
    pub fn is_cancelled(&self) -> bool {
        self.completion().is_cancelled()
    }

    /// Returns how much fuel the task has burnt, once it has ended: with a value or an error, in a module
    /// that [counts it](crate::TaskModuleBuilder::fuel_metering). `None` for everything else, a task that was
    /// cancelled included.
    ///
    /// ```
    /// # use guest_tasks::primes_below;
    /// # use sandpool::{ProcessPool, TaskModule, WaitFor, wait};
    /// # fn main() -> anyhow::Result<()> {
    /// let module = TaskModule::builder(guest_tasks::MODULE).fuel_metering().load()?;
    /// let pool = ProcessPool::new(module)?;
    /// let twice = [pool.submit(primes_below, 100)?, pool.submit(primes_below, 100)?];
    /// let finished = wait(twice, WaitFor::All, None).done;
    /// assert!(finished[0].fuel_used().is_some());
    /// assert_eq!(finished[0].fuel_used(), finished[1].fuel_used());
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn fuel_used(&self) -> Option<u64> {
        self.completion().fuel_used()
    }

    /// Returns the task's name: that of the function, or the type of the closure.
    #[must_use]
    pub fn task(&self) -> &str {
        self.completion().task()
    }

    /// Has `callback` called with the outcome when the task has finished; at once, on this thread, if
    /// it has.
    ///
    /// Callbacks run in the order in which they were added, each once, on the thread that ended the
    /// task: a worker's, the one that cancelled, or one of the library's own if the deadline came while
    /// the task waited. After the future has returned the outcome there is none to call with, and a
    /// callback is dropped. A callback that panics is reported by the panic
    /// hook; the outcome and the other callbacks are not affected. [`join`](Self::join) waits for
    /// them, so a callback should be quick.
    #[doc(alias = "add_done_callback")]
    pub fn on_finish(&self, callback: impl FnOnce(&Result<T, TaskError>) + Send + 'static) {
        self.completion().on_finish(Box::new(callback));
    }
}

impl<T: Send + 'static> TaskHandle<T> {
    /// Returns a right to cancel the task, without the right to its outcome.
    #[must_use]
    pub fn cancel_handle(&self) -> CancelHandle {
        CancelHandle {
            task: self.task.to_cancel(),
        }
    }
}

impl<T> Future for TaskHandle<T> {
    type Output = Result<T, TaskError>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        self.completion().poll(context)
    }
}

impl<T> fmt::Debug for TaskHandle<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.task.fmt(f)
    }
}

/// The right to cancel a task. Clones cancel the same task; dropping one does nothing.
#[derive(Clone, Debug)]
pub struct CancelHandle {
    task: Arc<dyn Cancel>,
}

impl CancelHandle {
    /// Cancels the task: see [`TaskHandle::cancel`]. `false` also when its outcome was taken.
    pub fn cancel(&self) -> bool {
        self.task.cancel()
    }

    /// Returns whether the task has ended.
    #[must_use]
    pub fn is_finished(&self) -> bool {
        self.task.is_finished()
    }
}

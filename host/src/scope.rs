//! Closures that borrow, and end before what they borrow does.
//!
//! A scope counts its jobs and does not end before each is gone, with all that it holds. That alone
//! makes it sound to put a job that borrows into a queue of jobs that do not: see `borrowed`.

mod borrowed;
mod group;

use std::fmt;
use std::marker::PhantomData;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::Arc;

use crate::cancel_token::CancelToken;
use crate::control::Queued;
use crate::error::SubmitError;
use crate::handle::TaskHandle;
use crate::map::Map;
use crate::promise::{Promise, Submission};
use crate::queue::Patience;
use crate::scope::borrowed::BorrowingJob;
use crate::scope::group::Group;
use crate::slot::Slot;
use crate::task::TaskRef;
use crate::thread_pool::Closures;

/// Submits closures that may borrow what is around the scope. From
/// [`ThreadPool::scope`](crate::ThreadPool::scope).
pub struct Scope<'scope, 'env: 'scope> {
    closures: Arc<Closures>,
    group: Arc<Group>,
    /// As for [`std::thread::Scope`]: neither lifetime may be taken for a shorter one.
    scope: PhantomData<&'scope mut &'scope ()>,
    env: PhantomData<&'env mut &'env ()>,
}

/// Calls `body` with a scope and waits until all that was submitted there is gone.
pub(crate) fn scope<'env, R, E>(
    closures: &Arc<Closures>,
    body: impl for<'scope> FnOnce(&'scope Scope<'scope, 'env>) -> Result<R, E>,
) -> Result<R, E> {
    let scope = Scope {
        closures: Arc::clone(closures),
        group: Arc::default(),
        scope: PhantomData,
        env: PhantomData,
    };
    let result = catch_unwind(AssertUnwindSafe(|| body(&scope)));
    if !matches!(result, Ok(Ok(_))) {
        scope.group.cancel();
    }
    scope.group.wait_until_empty();
    result.unwrap_or_else(|panic| resume_unwind(panic))
}

impl<'scope> Scope<'scope, '_> {
    /// Queues a closure: see [`ThreadPool::submit`](crate::ThreadPool::submit). After the scope's
    /// closure has returned an error, a task that is submitted still, by another task, is cancelled.
    ///
    /// # Errors
    ///
    /// As [`ThreadPool::submit`](crate::ThreadPool::submit), but the closure is dropped: an error that
    /// borrows could not be returned from the scope.
    pub fn submit<F, T>(&'scope self, closure: F) -> Result<TaskHandle<T>, SubmitError>
    where
        F: FnOnce() -> T + Send + 'scope,
        T: Send + 'scope,
    {
        self.queue(closure, |closure, _| closure())
    }

    /// Queues a closure that is told when it is cancelled, or when the scope is left with an error: see
    /// [`ThreadPool::submit_cancellable`](crate::ThreadPool::submit_cancellable).
    ///
    /// # Errors
    ///
    /// As [`ThreadPool::submit`](crate::ThreadPool::submit), but the closure is dropped: an error that
    /// borrows could not be returned from the scope.
    pub fn submit_cancellable<F, T>(&'scope self, closure: F) -> Result<TaskHandle<T>, SubmitError>
    where
        F: FnOnce(&CancelToken) -> T + Send + 'scope,
        T: Send + 'scope,
    {
        self.queue(closure, |closure, token| closure(token))
    }

    /// Queues a call of the closure for every input and returns the results in the order of the
    /// inputs: see [`ThreadPool::map`](crate::ThreadPool::map).
    ///
    /// ```
    /// use sandpool::ThreadPool;
    ///
    /// # fn main() -> anyhow::Result<()> {
    /// let pool = ThreadPool::new(2)?;
    /// let text = String::from("what is around the scope");
    /// let lengths = pool.scope(|scope| -> anyhow::Result<Vec<_>> {
    ///     let lengths = scope.map(|word: &str| word.len(), text.split(' '))?;
    ///     Ok(lengths.collect::<Result<_, _>>()?)
    /// })?;
    /// assert_eq!(lengths, [4, 2, 6, 3, 5]);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// As [`submit`](Self::submit); what was queued before is cancelled.
    pub fn map<F, A, T>(
        &'scope self,
        closure: F,
        inputs: impl IntoIterator<Item = A>,
    ) -> Result<Map<T>, SubmitError>
    where
        F: Fn(A) -> T + Send + Sync + 'scope,
        A: Send + 'scope,
        T: Send + 'scope,
    {
        let closure = Arc::new(closure);
        Map::submit(inputs, |input| {
            let closure = Arc::clone(&closure);
            self.submit(move || closure(input))
        })
    }

    fn queue<F, T>(
        &'scope self,
        closure: F,
        call: impl FnOnce(F, &CancelToken) -> T + Send + 'scope,
    ) -> Result<TaskHandle<T>, SubmitError>
    where
        F: Send + 'scope,
        T: Send + 'scope,
    {
        let Closures {
            queue, counters, ..
        } = &*self.closures;
        let submission = Submission::new(std::any::type_name::<F>());
        let mut submitted = None;
        let queued = queue.submit(closure, Patience::Endless, |closure, pool| {
            let completion = Arc::new(submission.completion(counters));
            let token = CancelToken::default();
            let member = self.group.enter(token.clone());
            submitted = Some((Arc::clone(&completion), member.number()));
            let job = BorrowingJob {
                call: move |token: &CancelToken| call(closure, token),
                promise: Promise::of(TaskRef::without_job(completion)),
                token,
            };
            Slot::new(job.forget_borrow(member), pool)
        });
        match (queued, submitted) {
            (Ok(slot), Some((completion, number))) => {
                let slot: Arc<dyn Queued> = slot;
                self.group.set_queued(number, Arc::downgrade(&slot));
                let task = TaskRef::Parts(completion, Arc::downgrade(&slot));
                Ok(TaskHandle { task })
            }
            (Ok(_), None) => unreachable!("what is queued was made"),
            (Err((kind, _)), _) => Err(SubmitError::new(kind, ())),
        }
    }
}

impl fmt::Debug for Scope<'_, '_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Scope")
            .field("unfinished", &self.group.len())
            .finish()
    }
}

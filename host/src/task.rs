//! A task as it is allocated, once: its state, which handle and worker share, and what is to be done.

use std::fmt;
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::sync::{Arc, Weak};

use crate::chunk::Refused;
use crate::completion::Completion;
use crate::control::{Cancel, Queued};
use crate::error::TaskErrorKind;
use crate::handle::TaskHandle;
use crate::promise::{Promise, Submission};
use crate::queue::{Patience, Queue};
use crate::quietly::quietly;
use crate::slot::{Place, Seat, Slot, Turn};
use crate::stats::Counters;
use crate::this_worker;
use crate::workers::Shared;

/// A task that may be queued: it borrows nothing.
struct Task<T, J, W: 'static> {
    completion: Completion<T>,
    seat: Seat<J, W>,
}

/// A [`Task`], whatever its job is.
pub(crate) trait Whole<T>: Cancel {
    fn completion(&self) -> &Completion<T>;
}

/// A pointer to a task.
pub(crate) enum TaskRef<T> {
    Whole(Arc<dyn Whole<T>>),
    /// One that borrows: its job, which is gone before the borrow ends, is elsewhere.
    Parts(Arc<Completion<T>>, Weak<dyn Queued>),
}

// Every critical section of this crate leaves its data whole, panic or not.
impl<T> UnwindSafe for TaskRef<T> {}
impl<T> RefUnwindSafe for TaskRef<T> {}

impl<W: 'static> Queue<W> {
    /// Queues a task, or gives back what it was to be made of.
    pub(crate) fn submit_task<A, T, J>(
        &self,
        work: A,
        patience: Patience,
        (submission, counters): (Submission, &Arc<Counters>),
        job: impl FnOnce(A) -> J,
    ) -> Result<TaskHandle<T>, Refused<A>>
    where
        T: Send + 'static,
        J: FnOnce(Turn<'_, W>, Promise<T>) + Send + 'static,
    {
        let place = |work, pool: &Arc<Shared<W>>| Task {
            completion: submission.completion(counters),
            seat: Seat::new(job(work), pool),
        };
        let task = self.submit(work, patience, place)?;
        let task = TaskRef::Whole(task);
        Ok(TaskHandle { task })
    }
}

impl<T, J, W> Place<W> for Task<T, J, W>
where
    T: Send + 'static,
    J: FnOnce(Turn<'_, W>, Promise<T>) + Send + 'static,
{
    fn take_turn(self: Arc<Self>, mut turn: Turn<'_, W>) {
        // Jobs catch the panics of tasks; what may panic after that are destructors: also where nobody has taken
        // the value of a task that was run out of turn.
        match self.seat.take_for(&mut turn) {
            Some(job) => {
                let promise = Promise::of(TaskRef::Whole(self));
                quietly(|| job(turn, promise));
            }
            None => quietly(|| drop(self)),
        }
    }
}

impl<T, J, W> Queued for Task<T, J, W>
where
    T: Send + 'static,
    J: FnOnce(Turn<'_, W>, Promise<T>) + Send + 'static,
{
    fn run_here(self: Arc<Self>) {
        let place = Arc::clone(&self);
        self.seat.run_here(place);
    }

    fn discard(&self) {
        if let Some(job) = self.seat.take() {
            quietly(|| drop(job));
            self.completion.abandon();
        }
    }
}

impl<T: Send, J: Send, W> Task<T, J, W> {
    /// What the job holds may panic when it is dropped; that must not stop the one who ends the task.
    fn drop_job(&self) {
        quietly(|| drop(self.seat.take()));
    }
}

impl<T, J, W> Cancel for Task<T, J, W>
where
    T: Send + 'static,
    J: FnOnce(Turn<'_, W>, Promise<T>) + Send + 'static,
{
    fn cancel(&self) -> bool {
        self.completion.cancel(|| self.drop_job())
    }

    fn help(self: Arc<Self>) {
        self.run_here();
    }

    fn fail_pending(&self, kind: TaskErrorKind) {
        self.completion.fail_pending(kind, || self.drop_job());
    }

    fn is_finished(&self) -> bool {
        self.completion.is_finished()
    }
}

impl<T, J, W> Whole<T> for Task<T, J, W>
where
    T: Send + 'static,
    J: FnOnce(Turn<'_, W>, Promise<T>) + Send + 'static,
{
    fn completion(&self) -> &Completion<T> {
        &self.completion
    }
}

impl<T> TaskRef<T> {
    /// Of a task whose job is nowhere, or not yet known.
    pub(crate) fn without_job(completion: Arc<Completion<T>>) -> Self {
        Self::Parts(completion, Weak::<Slot<()>>::new())
    }

    pub(crate) fn completion(&self) -> &Completion<T> {
        match self {
            Self::Whole(task) => task.completion(),
            Self::Parts(completion, _) => completion,
        }
    }

    /// See [`Completion::cancel`].
    pub(crate) fn cancel(&self) -> bool {
        match self {
            Self::Whole(task) => task.cancel(),
            Self::Parts(completion, queued) => completion.cancel(|| discard(queued)),
        }
    }

    /// Runs the task on this thread if that is a worker of its pool and the task waits in the queue.
    pub(crate) fn help(&self) {
        if !this_worker::is_any() {
            return;
        }
        match self {
            Self::Whole(task) => Arc::clone(task).help(),
            Self::Parts(_, queued) => {
                if let Some(queued) = queued.upgrade() {
                    queued.run_here();
                }
            }
        }
    }
}

impl<T: Send + 'static> TaskRef<T> {
    /// Returns the right to cancel the task.
    pub(crate) fn to_cancel(&self) -> Arc<dyn Cancel> {
        match self {
            Self::Whole(task) => Arc::<dyn Whole<T>>::clone(task),
            Self::Parts(completion, queued) => {
                let (completion, queued) = (Arc::clone(completion), Weak::clone(queued));
                Arc::new(Self::Parts(completion, queued))
            }
        }
    }
}

fn discard(queued: &Weak<dyn Queued>) {
    if let Some(queued) = queued.upgrade() {
        queued.discard();
    }
}

impl<T: Send> Cancel for TaskRef<T> {
    fn cancel(&self) -> bool {
        Self::cancel(self)
    }

    fn help(self: Arc<Self>) {
        Self::help(&self);
    }

    fn fail_pending(&self, kind: TaskErrorKind) {
        match self {
            Self::Whole(task) => task.fail_pending(kind),
            Self::Parts(completion, queued) => completion.fail_pending(kind, || discard(queued)),
        }
    }

    fn is_finished(&self) -> bool {
        self.completion().is_finished()
    }
}

impl<T, J, W> fmt::Debug for Task<T, J, W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.completion.fmt(f)
    }
}

impl<T> fmt::Debug for TaskRef<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.completion().fmt(f)
    }
}

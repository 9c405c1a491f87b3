//! What can be done to a task by those who do not know its type.

use std::fmt;
use std::sync::Arc;

use crate::error::TaskErrorKind;

/// A task that waits in a queue.
pub(crate) trait Queued: Send + Sync {
    /// Runs the task on this thread, if the thread is a worker of the task's pool and the task is
    /// still in the queue. A worker that waits for a task of its own pool does it itself: all other workers
    /// may be waiting, too.
    fn run_here(self: Arc<Self>);

    /// Drops what would have been run, and with it all that it holds.
    fn discard(&self);
}

/// A running task.
pub(crate) trait Stop: Send + Sync {
    /// Tells the task to end. Returns whether it will, whatever it does: its outcome is then no
    /// longer asked for.
    fn stop(&self) -> bool;
}

/// What the right to cancel a task is a right to, whatever the task's type.
pub(crate) trait Cancel: Send + Sync + fmt::Debug {
    fn cancel(&self) -> bool;
    /// Runs the task on this thread: see [`Queued::run_here`].
    fn help(self: Arc<Self>);
    fn fail_pending(&self, kind: TaskErrorKind);
    fn is_finished(&self) -> bool;
}

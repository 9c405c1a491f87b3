//! The worker's end of a task.

use std::sync::Arc;
use std::time::Duration;

use crate::completion::{Completion, Outcome, Stop, TaskName};
use crate::error::{Frame, TaskError, TaskErrorKind};
use crate::stats::Counters;

/// The duty to complete the task. Dropped without that, it cancels the task, so
/// that a job thrown away, for whatever reason, leaves nobody waiting.
pub(crate) struct Promise<T> {
    completion: Arc<Completion<T>>,
    kept: bool,
}

impl<T> Promise<T> {
    pub(crate) fn new(task: impl Into<TaskName>, counters: &Arc<Counters>) -> Self {
        Self {
            completion: Arc::new(Completion::new(task.into(), Arc::clone(counters))),
            kept: false,
        }
    }

    pub(crate) fn completion(&self) -> Arc<Completion<T>> {
        Arc::clone(&self.completion)
    }

    /// Returns whether the task is to be run, and marks it as running. `stop` is how it is
    /// cancelled from now on, if it can be.
    pub(crate) fn claim(&self, stop: Option<Arc<dyn Stop>>) -> bool {
        self.completion.claim(stop)
    }

    /// Ends the task. `release` is dropped when its callbacks have run, before a joiner can have the
    /// outcome.
    pub(crate) fn complete<R>(mut self, outcome: Outcome<T>, release: R) {
        self.kept = true;
        self.completion.complete(outcome, release);
    }

    /// Counts the time that a worker was busy with the task.
    pub(crate) fn count_busy(&self, time: Duration) {
        self.completion.counters().count_busy(time);
    }

    /// Returns an error of this task.
    pub(crate) fn error(&self, kind: TaskErrorKind, backtrace: Vec<Frame>) -> TaskError {
        TaskError::new(self.completion.task().clone(), kind, backtrace)
    }
}

impl<T> Drop for Promise<T> {
    fn drop(&mut self) {
        if !self.kept {
            let cancelled = self.error(TaskErrorKind::Cancelled, Vec::new());
            self.completion.complete(Err(cancelled), ());
        }
    }
}

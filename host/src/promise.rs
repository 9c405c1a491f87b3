//! The worker's end of a task.

use std::sync::Arc;
use std::time::Duration;

use crate::completion::{Completion, Outcome, TaskName};
use crate::control::Stop;
use crate::error::{TaskError, TaskErrorKind};
use crate::stats::Counters;
use crate::task::TaskRef;
use crate::trace::Trace;

/// The duty to complete the task. Dropped without that, it cancels the task, so
/// that a job thrown away, for whatever reason, leaves nobody waiting.
pub(crate) struct Promise<T> {
    task: TaskRef<T>,
    kept: bool,
}

/// What a task's state is made of. Made before the queue is locked: those who trace tasks are told.
pub(crate) struct Submission {
    task: TaskName,
    tasks: u64,
    trace: Option<Trace>,
}

impl Submission {
    /// Of one task.
    pub(crate) fn new(task: impl Into<TaskName>) -> Self {
        Self::of_chunk(task, 1)
    }

    /// Of so many tasks that are queued and cancelled together.
    pub(crate) fn of_chunk(task: impl Into<TaskName>, tasks: usize) -> Self {
        let (task, tasks) = (task.into(), tasks as u64);
        let trace = Trace::new(&task, tasks);
        Self { task, tasks, trace }
    }

    /// Returns the state of the task, and counts it as queued.
    pub(crate) fn completion<T>(self, counters: &Arc<Counters>) -> Completion<T> {
        let Self { task, tasks, trace } = self;
        Completion::new(task, tasks, Arc::clone(counters), trace)
    }
}

impl<T> Promise<T> {
    pub(crate) fn of(task: TaskRef<T>) -> Self {
        Self { task, kept: false }
    }

    fn completion(&self) -> &Completion<T> {
        self.task.completion()
    }

    /// Returns whether the task is to be run, and marks it as running. `stop` is how it is
    /// cancelled from now on, if it can be.
    pub(crate) fn claim(&self, stop: Option<Arc<dyn Stop>>) -> bool {
        self.completion().claim(stop)
    }

    /// Ends the task, which nobody will run.
    pub(crate) fn fail(self, kind: TaskErrorKind) {
        let error = self.error(kind);
        self.complete(Err(error), ());
    }

    /// Ends the task. `release` is dropped when its callbacks have run, before a joiner can have the
    /// outcome.
    pub(crate) fn complete<R>(mut self, outcome: Outcome<T>, release: R) {
        self.kept = true;
        self.completion().complete(outcome, release);
    }

    /// Counts so many tasks of a chunk as ended like this. Returns whether the chunk still runs.
    pub(crate) fn some_ended<U>(&self, outcome: &Outcome<U>, tasks: u64) -> bool {
        self.completion().some_ended(outcome, tasks)
    }

    /// Returns where those who trace the task see that it, or what of a chunk is its turn, runs.
    pub(crate) fn trace(&self) -> Option<Trace> {
        self.completion().trace()
    }

    /// Counts the time that a worker was busy with the task.
    pub(crate) fn count_busy(&self, time: Duration) {
        self.completion().counters().count_busy(time);
    }

    /// Counts the fuel that the task, or one of a chunk, has burnt.
    pub(crate) fn count_fuel(&self, fuel: Option<u64>) {
        if let Some(fuel) = fuel {
            self.completion().count_fuel(fuel);
        }
    }

    /// Returns an error of this task.
    pub(crate) fn error(&self, kind: TaskErrorKind) -> TaskError {
        TaskError::new(self.task().clone(), kind, Vec::new())
    }

    /// Returns the task's name.
    pub(crate) fn task(&self) -> &TaskName {
        self.completion().task()
    }
}

impl<T> Drop for Promise<T> {
    fn drop(&mut self) {
        if !self.kept {
            self.completion().abandon();
        }
    }
}

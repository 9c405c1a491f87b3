//! The tasks of a pool that run at the moment, for stopping them all.

use std::sync::Arc;

use crate::completion::Completion;
use crate::control::{Cancel, Stop};
use crate::sync::{self, Mutex};

#[derive(Default)]
pub(crate) struct Running {
    tasks: Mutex<Tasks>,
}

#[derive(Default)]
struct Tasks {
    /// By number; the numbers of those that have ended are given again.
    places: Vec<Option<Told>>,
    free: Vec<usize>,
    /// Whether what enters is cancelled, too.
    closed: bool,
}

/// How a task that runs is cancelled.
#[derive(Clone)]
pub(crate) enum Told {
    /// The task ends.
    Task(Arc<dyn Cancel>),
    /// Who runs it is told: a closure, which may heed that, or a chunk of tasks.
    Stop(Arc<dyn Stop>),
}

impl Told {
    fn cancel(&self) {
        match self {
            Self::Task(task) => _ = task.cancel(),
            Self::Stop(stop) => _ = stop.stop(),
        }
    }
}

impl<T: Send + 'static> From<Arc<Completion<T>>> for Told {
    fn from(task: Arc<Completion<T>>) -> Self {
        Self::Task(task)
    }
}

impl From<Arc<dyn Stop>> for Told {
    fn from(stop: Arc<dyn Stop>) -> Self {
        Self::Stop(stop)
    }
}

impl Running {
    /// Notes that the task runs, for as long as the guard lives.
    pub(crate) fn enter(&self, task: impl Into<Told>) -> Entered<'_> {
        let task = task.into();
        let mut tasks = sync::lock(&self.tasks);
        let told = tasks.closed.then(|| task.clone());
        let number = tasks.free.pop().unwrap_or_else(|| {
            tasks.places.push(None);
            tasks.places.len() - 1
        });
        tasks.places[number] = Some(task);
        drop(tasks);
        if let Some(told) = told {
            told.cancel();
        }
        Entered {
            running: self,
            number,
        }
    }

    /// Cancels all that run, and all that will.
    pub(crate) fn cancel_all(&self) {
        let mut tasks = sync::lock(&self.tasks);
        tasks.closed = true;
        let running: Vec<_> = tasks.places.iter().flatten().cloned().collect();
        drop(tasks);
        for task in running {
            task.cancel();
        }
    }
}

/// A task that runs.
pub(crate) struct Entered<'a> {
    running: &'a Running,
    number: usize,
}

impl Drop for Entered<'_> {
    fn drop(&mut self) {
        let mut tasks = sync::lock(&self.running.tasks);
        let task = tasks.places[self.number].take();
        tasks.free.push(self.number);
        drop(tasks);
        // Not under the lock: it may be the last pointer to something.
        drop(task);
    }
}

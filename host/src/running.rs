//! The tasks of a pool that run at the moment, for stopping them all.

use std::sync::{Arc, Weak};

use crate::completion::quietly;
use crate::control::{Cancel, Stop};
use crate::sync::{self, AtomicBool, Mutex, Ordering};

#[derive(Default)]
pub(crate) struct Running {
    desks: Mutex<Vec<Weak<Tasks>>>,
    /// Whether what begins is cancelled, too.
    closed: AtomicBool,
}

/// Where a thread that runs tasks notes which: it alone, so that nobody is in its way.
pub(crate) struct Desk {
    tasks: Arc<Tasks>,
    running: Arc<Running>,
}

/// One inside the other.
type Tasks = Mutex<Vec<Told>>;

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

impl From<Arc<dyn Cancel>> for Told {
    fn from(task: Arc<dyn Cancel>) -> Self {
        Self::Task(task)
    }
}

impl From<Arc<dyn Stop>> for Told {
    fn from(stop: Arc<dyn Stop>) -> Self {
        Self::Stop(stop)
    }
}

impl Running {
    /// Returns a desk for a thread.
    pub(crate) fn desk(self: &Arc<Self>) -> Desk {
        let tasks = Arc::default();
        let mut desks = sync::lock(&self.desks);
        desks.retain(|desk| desk.strong_count() > 0);
        desks.push(Arc::downgrade(&tasks));
        drop(desks);
        Desk {
            tasks,
            running: Arc::clone(self),
        }
    }

    /// Cancels all that run, and all that will.
    pub(crate) fn cancel_all(&self) {
        // First: who begins now either is seen below, or sees this.
        self.closed.store(true, Ordering::SeqCst);
        let desks: Vec<_> = sync::lock(&self.desks)
            .iter()
            .filter_map(Weak::upgrade)
            .collect();
        for desk in desks {
            let tasks = sync::lock(&desk).clone();
            for task in tasks {
                // With the task, which may be the last pointer to its value.
                quietly(move || task.cancel());
            }
        }
    }
}

impl Desk {
    /// Notes that the task runs, for as long as the guard lives.
    pub(crate) fn enter(&self, task: impl Into<Told>) -> Entered<'_> {
        self.keep(task);
        Entered(self)
    }

    /// Notes that the task runs, for as long as there is the desk.
    pub(crate) fn keep(&self, task: impl Into<Told>) {
        let task = task.into();
        let mut tasks = sync::lock(&self.tasks);
        tasks.push(task);
        // Under the lock, so that it is seen there, or sees that.
        let last = tasks
            .last()
            .filter(|_| self.running.closed.load(Ordering::SeqCst));
        let told = last.cloned();
        drop(tasks);
        if let Some(told) = told {
            told.cancel();
        }
    }
}

/// A task that runs.
pub(crate) struct Entered<'a>(&'a Desk);

impl Drop for Entered<'_> {
    fn drop(&mut self) {
        // They end in the opposite order.
        let task = sync::lock(&self.0.tasks).pop();
        // Not under the lock: it may be the last pointer to something.
        drop(task);
    }
}

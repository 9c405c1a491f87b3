//! The tasks of a pool that run at the moment, for stopping them all.

use std::sync::{Arc, Weak};

use crate::control::Stop;
use crate::quietly::quietly;
use crate::sync::{self, AtomicBool, Mutex, Ordering};

#[derive(Default)]
pub(crate) struct Running {
    desks: Mutex<Vec<Weak<Tasks>>>,
    /// Whether what begins is stopped, too.
    closed: AtomicBool,
}

/// Where a thread that runs tasks notes which: it alone, so that nobody is in its way.
pub(crate) struct Desk {
    tasks: Arc<Tasks>,
    running: Arc<Running>,
}

/// How those are told to end that run there, one inside the other: a sandbox ends, a closure may heed it.
type Tasks = Mutex<Vec<Arc<dyn Stop>>>;

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

    /// Stops all that run, and all that will.
    pub(crate) fn stop_all(&self) {
        // First: who begins now either is seen below, or sees this.
        self.closed.store(true, Ordering::SeqCst);
        let desks: Vec<_> = sync::lock(&self.desks)
            .iter()
            .filter_map(Weak::upgrade)
            .collect();
        for desk in desks {
            let tasks = sync::lock(&desk).clone();
            for task in tasks {
                quietly(|| _ = task.stop());
            }
        }
    }
}

impl Desk {
    /// Notes that the task runs, for as long as the guard lives.
    pub(crate) fn enter(&self, task: Arc<dyn Stop>) -> Entered<'_> {
        self.keep(task);
        Entered(self)
    }

    /// Whether all that runs here is to end.
    pub(crate) fn is_closed(&self) -> bool {
        self.running.closed.load(Ordering::SeqCst)
    }

    /// Notes that the task runs, for as long as there is the desk.
    pub(crate) fn keep(&self, task: Arc<dyn Stop>) {
        let mut tasks = sync::lock(&self.tasks);
        tasks.push(task);
        // Under the lock, so that it is seen there, or sees that.
        let last = tasks.last().filter(|_| self.is_closed());
        let told = last.cloned();
        drop(tasks);
        if let Some(told) = told {
            told.stop();
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

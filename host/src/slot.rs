//! A job's place in the queue of a pool.

use std::sync::{Arc, Weak};

use crate::completion::quietly;
use crate::control::Queued;
use crate::load::Busy;
use crate::sync::{self, Mutex};
use crate::workers::Shared;

/// What is to be done. A job that is itself dropped must leave nobody waiting.
pub(crate) type Job<W> = Box<dyn FnOnce(Turn<'_, W>) + Send>;

/// What has come to a job.
pub(crate) enum Turn<'a, W: 'static> {
    /// A worker is to do it.
    Run {
        /// What the worker owns.
        own: &'a W,
        /// To be dropped before anybody can see that the job is done, so that who sees it and submits
        /// the next one finds the worker free.
        busy: Busy<'a>,
        /// The pool.
        pool: &'a Shared<W>,
    },
    /// Nobody will: the pool broke for this reason.
    Broken(String),
}

/// A place in the queue. Its job can leave before it is its turn: because it was cancelled, or
/// because a worker that waits for it does it itself.
pub(crate) struct Slot<W: 'static> {
    job: Mutex<Option<Job<W>>>,
    shared: Weak<Shared<W>>,
}

impl<W: 'static> Slot<W> {
    pub(crate) fn new(job: Job<W>, shared: &Arc<Shared<W>>) -> Self {
        Self {
            job: Mutex::new(Some(job)),
            shared: Arc::downgrade(shared),
        }
    }

    /// Takes the job, and with it what it takes up of the queue: the slot itself stays until a worker
    /// comes to it.
    pub(crate) fn take(&self) -> Option<Job<W>> {
        self.take_for(false)
    }

    /// Takes the job, for a worker that was free if `free_worker`.
    pub(crate) fn take_for(&self, free_worker: bool) -> Option<Job<W>> {
        let job = sync::lock(&self.job).take()?;
        if let Some(shared) = self.shared.upgrade() {
            shared.leaves_queue(free_worker);
        }
        Some(job)
    }

    /// Ends the job because the pool broke.
    pub(crate) fn fail(&self, reason: &str) {
        if let Some(job) = self.take() {
            quietly(|| job(Turn::Broken(reason.to_owned())));
        }
    }
}

impl<W: 'static> Queued for Slot<W> {
    fn run_here(&self) -> bool {
        let Some(shared) = self.shared.upgrade() else {
            return false;
        };
        match shared.own().and_then(|own| Some((self.take()?, own))) {
            Some((job, own)) => {
                shared.run(job, &own, Busy::beside());
                true
            }
            None => false,
        }
    }

    fn discard(&self) {
        // What the job holds may panic when it is dropped; that must not stop the one who cancels.
        quietly(|| drop(self.take()));
    }
}

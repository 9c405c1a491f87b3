//! A job's place in the queue of a pool.

use std::sync::{Arc, Weak};

use crate::control::Queued;
use crate::load::Busy;
use crate::quietly::quietly;
use crate::sync::{self, Mutex};
use crate::this_worker::{self, PoolId};
use crate::workers::{Shared, Station};

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

impl<'a, W> Turn<'a, W> {
    /// On this worker.
    pub(crate) fn on(station: &'a Station<W>, busy: Busy<'a>) -> Self {
        Self::Run {
            own: &station.own,
            busy,
            pool: &station.pool,
        }
    }
}

/// What waits in the queue. Its job can leave before it is its turn: because it was cancelled, or
/// because a worker that waits for it does it itself. The place stays until a worker comes to it.
pub(crate) trait Place<W: 'static>: Queued {
    /// Its turn has come: does the job, if that is there still.
    fn take_turn(self: Arc<Self>, turn: Turn<'_, W>);
}

/// Where a job waits.
pub(crate) struct Seat<J, W: 'static> {
    job: Mutex<Option<J>>,
    pool: PoolId,
    /// The pool, if its queue has a limit.
    limited: Option<Weak<Shared<W>>>,
}

impl<J, W: 'static> Seat<J, W> {
    pub(crate) fn new(job: J, pool: &Arc<Shared<W>>) -> Self {
        let limited = pool.settings.queue.is_some();
        Self {
            job: Mutex::new(Some(job)),
            pool: PoolId::of(&**pool),
            limited: limited.then(|| Arc::downgrade(pool)),
        }
    }

    /// Takes the job, and with it what it takes up of the queue.
    pub(crate) fn take(&self) -> Option<J> {
        self.take_as(None)
    }

    /// Takes the job for its turn.
    pub(crate) fn take_for(&self, turn: &mut Turn<'_, W>) -> Option<J> {
        match turn {
            Turn::Run { busy, .. } => self.take_as(Some(busy)),
            Turn::Broken(_) => self.take(),
        }
    }

    fn take_as(&self, worker: Option<&mut Busy<'_>>) -> Option<J> {
        let job = sync::lock(&self.job).take()?;
        if let Some(pool) = self.limited.as_ref().and_then(Weak::upgrade) {
            pool.leaves_queue(worker);
        }
        Some(job)
    }

    /// Gives the turn to `place`, which has this seat, if this thread is a worker of the pool.
    pub(crate) fn run_here(&self, place: Arc<dyn Place<W>>) {
        if let Some(station) = this_worker::own::<Station<W>>(self.pool) {
            place.take_turn(Turn::on(&station, Busy::beside()));
        }
    }
}

/// A job that is by itself in the queue.
pub(crate) struct Slot<W: 'static>(Seat<Job<W>, W>);

impl<W: 'static> Slot<W> {
    pub(crate) fn new(job: Job<W>, pool: &Arc<Shared<W>>) -> Self {
        Self(Seat::new(job, pool))
    }
}

impl<W: 'static> Place<W> for Slot<W> {
    fn take_turn(self: Arc<Self>, mut turn: Turn<'_, W>) {
        if let Some(job) = self.0.take_for(&mut turn) {
            quietly(|| job(turn));
        }
    }
}

impl<W: 'static> Queued for Slot<W> {
    fn run_here(self: Arc<Self>) {
        let place = Arc::clone(&self);
        self.0.run_here(place);
    }

    fn discard(&self) {
        // What the job holds may panic when it is dropped; that must not stop the one who cancels.
        quietly(|| drop(self.0.take()));
    }
}

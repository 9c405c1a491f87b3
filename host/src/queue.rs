//! The way into the queue of a pool, and its limit.

use std::num::NonZeroUsize;
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use crate::control::Queued;
use crate::error::SubmitErrorKind;
use crate::load::Busy;
use crate::slot::{Job, Slot};
use crate::sync::{self, MutexGuard, Ordering};
use crate::workers::{Control, Shared};

/// How long a submission waits for room in a queue that is full.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Patience {
    None,
    Until(Instant),
    Endless,
}

impl Patience {
    /// A time too long to be told is endless.
    pub(crate) fn of(timeout: Duration) -> Self {
        let deadline = Instant::now().checked_add(timeout);
        deadline.map_or(Self::Endless, Self::Until)
    }
}

/// Where jobs are submitted.
pub(crate) struct Queue<W: 'static> {
    pub(crate) shared: Arc<Shared<W>>,
}

impl<W> Clone for Queue<W> {
    fn clone(&self) -> Self {
        Self {
            shared: Arc::clone(&self.shared),
        }
    }
}

impl<W: 'static> Queue<W> {
    /// Queues the job that `job` makes of `work`, and returns what it makes beside. Starts a worker for
    /// the job if none is free and the limit permits. Gives `work` back if that cannot be.
    pub(crate) fn submit<J, R>(
        &self,
        work: J,
        patience: Patience,
        job: impl FnOnce(J) -> (Job<W>, R),
    ) -> Result<(Weak<dyn Queued>, R), (SubmitErrorKind, J)> {
        let mut control = loop {
            match self.shared.room(patience) {
                Ok(Some(control)) => break control,
                // All workers may be waiting for room: this one makes some.
                Ok(None) => self.shared.run_one_here(),
                Err(kind) => return Err((kind, work)),
            }
        };
        let spare = &self.shared.load.spare;
        if spare.load(Ordering::Acquire) <= 0
            && control.started < self.shared.settings.workers.get()
        {
            match self.shared.start_worker(&mut control) {
                Ok(()) => _ = spare.fetch_add(1, Ordering::AcqRel),
                Err(error) if control.started == 0 => {
                    return Err((SubmitErrorKind::Thread(error), work));
                }
                // The others will come to it.
                Err(_) => {}
            }
        }
        spare.fetch_sub(1, Ordering::AcqRel);
        if self.shared.settings.queue.is_some() {
            control.waiting += 1;
        }
        let (job, result) = job(work);
        let slot = Arc::new(Slot::new(job, &self.shared));
        let queued: Weak<Slot<W>> = Arc::downgrade(&slot);
        let sender = control.sender.as_ref().expect("`room` has looked");
        sender
            .send(slot)
            .unwrap_or_else(|_| unreachable!("the queue's receiving end is in `shared`"));
        let tell = self.shared.has_to_be_told(&control);
        // Two may have left while one was told.
        self.shared.tell_of_room(control);
        if tell {
            self.shared.work.notify_one();
        }
        Ok((queued, result))
    }

    /// Returns why no job is accepted, if none is.
    pub(crate) fn closed(&self) -> Option<SubmitErrorKind> {
        sync::lock(&self.shared.control).closed()
    }
}

impl<W: 'static> Shared<W> {
    /// Waits until the queue has room, and returns the lock under which it has. `None` where a worker
    /// would have to wait for itself.
    fn room(
        &self,
        patience: Patience,
    ) -> Result<Option<MutexGuard<'_, Control<W>>>, SubmitErrorKind> {
        let mut control = sync::lock(&self.control);
        let mut time_left = true;
        loop {
            if let Some(kind) = control.closed() {
                return Err(kind);
            }
            if !self.is_full(&control) {
                return Ok(Some(control));
            }
            let deadline = match patience {
                Patience::Until(deadline) => Some(deadline),
                Patience::Endless if self.is_here() => return Ok(None),
                Patience::Endless => None,
                Patience::None => return Err(SubmitErrorKind::QueueFull),
            };
            if !time_left {
                return Err(SubmitErrorKind::QueueFull);
            }
            control.waiters += 1;
            (control, time_left) = sync::wait(&self.room, control, deadline);
            control.waiters -= 1;
        }
    }

    /// Whether as many jobs wait as may. Those that a worker is about to take do not count: one that is
    /// free, or one that can be started.
    fn is_full(&self, control: &Control<W>) -> bool {
        let busy = usize::try_from(self.load.busy.load(Ordering::Acquire)).unwrap_or(0);
        let workers = self.settings.workers.get();
        let is_full =
            |limit: NonZeroUsize| control.waiting + busy >= limit.get().saturating_add(workers);
        self.settings.queue.is_some_and(is_full)
    }

    /// Runs the job that is due on this thread, which is a worker's.
    fn run_one_here(&self) {
        let own = self.own();
        if let (Some(own), Some(slot)) = (own, self.queue.try_iter().next()) {
            // The place in the queue is free when the job is done, as if a worker had come to it.
            let busy = Busy::new(&self.load);
            if let Some(job) = slot.take() {
                self.run(job, &own, busy);
            }
        }
    }

    /// A job has left the queue, for a worker that was free if `free_worker`: there is room for
    /// another.
    pub(crate) fn leaves_queue(&self, free_worker: bool) {
        if self.settings.queue.is_some() {
            let mut control = sync::lock(&self.control);
            control.waiting -= 1;
            if free_worker {
                self.load.busy.fetch_add(1, Ordering::AcqRel);
            }
            self.tell_of_room(control);
        }
    }

    /// Wakes one of those who wait for room, if there are any and there is some.
    fn tell_of_room(&self, control: MutexGuard<'_, Control<W>>) {
        let tell = control.waiters > 0 && !self.is_full(&control);
        drop(control);
        if tell {
            self.room.notify_one();
        }
    }
}

//! The way into the queue of a pool, and its limit.

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::chunk::Refused;
use crate::error::SubmitErrorKind;
use crate::load::Busy;
use crate::slot::{Place, Turn};
use crate::sync::{self, MutexGuard, Ordering};
use crate::this_worker;
use crate::workers::{Control, Shared, Station};

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
    /// Queues what `place` makes of `work`, and returns it. Starts a worker for
    /// the job if none is free and the limit permits. Gives `work` back if that cannot be.
    pub(crate) fn submit<A, P: Place<W> + 'static>(
        &self,
        work: A,
        patience: Patience,
        place: impl FnOnce(A, &Arc<Shared<W>>) -> P,
    ) -> Result<Arc<P>, Refused<A>> {
        let mut control = loop {
            match self.shared.room(patience) {
                Ok(Some(control)) => break control,
                // All workers may be waiting for room: this one makes some.
                Ok(None) => self.shared.run_one_here(),
                Err(kind) => return Err((kind, work)),
            }
        };
        if let Err(kind) = self.shared.start_for_one_more(&mut control) {
            return Err((kind, work));
        }
        if self.shared.settings.queue.is_some() {
            control.waiting += 1;
        }
        let place = Arc::new(place(work, &self.shared));
        let sender = control.sender.as_ref().expect("`room` has looked");
        sender
            .send(Arc::clone(&place) as Arc<dyn Place<W>>)
            .unwrap_or_else(|_| unreachable!("the queue's receiving end is in `shared`"));
        let tell = self.shared.has_to_be_told(&mut control);
        // Two may have left while one was told.
        self.shared.tell_of_room(control);
        if tell {
            self.shared.work.notify_one();
        }
        Ok(place)
    }

    /// Returns why no job is accepted, if none is.
    #[inline]
    pub(crate) fn closed(&self) -> Option<SubmitErrorKind> {
        let why = || sync::lock(&self.shared.control).closed();
        self.is_closed().then(why).flatten()
    }

    /// Whether no job is accepted any more.
    #[inline]
    pub(crate) fn is_closed(&self) -> bool {
        self.shared.is_closed.load(Ordering::Acquire)
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

    /// Starts a worker for one more job if none is free and the limit permits.
    fn start_for_one_more(
        self: &Arc<Self>,
        control: &mut Control<W>,
    ) -> Result<(), SubmitErrorKind> {
        let workers = self.settings.workers.get();
        if control.started == workers {
            return Ok(());
        }
        let spare = &self.load.spare;
        if spare.load(Ordering::Acquire) <= 0 {
            match self.start_worker(control) {
                Ok(()) => _ = spare.fetch_add(1, Ordering::AcqRel),
                Err(error) if control.started == 0 => return Err(SubmitErrorKind::Thread(error)),
                // The others will come to it.
                Err(_) => {}
            }
        }
        spare.fetch_sub(1, Ordering::AcqRel);
        if control.started == workers {
            self.load.all_started.store(true, Ordering::Release);
        }
        Ok(())
    }

    /// Runs the job that is due on this thread, which is a worker's.
    fn run_one_here(&self) {
        let station = this_worker::own::<Station<W>>(self.id());
        if let (Some(station), Some(place)) = (station, self.queue.try_iter().next()) {
            // The place in the queue is free when the job is done, as if a worker had come to it.
            place.take_turn(Turn::on(&station, Busy::between(&self.load)));
        }
    }

    /// A job has left the queue, which has a limit, for this worker if there is one: there is room for another.
    pub(crate) fn leaves_queue(&self, worker: Option<&mut Busy<'_>>) {
        let mut control = sync::lock(&self.control);
        control.waiting -= 1;
        if let Some(busy) = worker {
            busy.begins();
        }
        self.tell_of_room(control);
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

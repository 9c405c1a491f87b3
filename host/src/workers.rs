//! Named threads that take jobs from one queue, started when there is work for them.
//!
//! Knows nothing of tasks: a job is a closure that is given what its worker owns.

use std::fmt;
use std::num::NonZeroUsize;
use std::rc::Rc;
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use crate::completion::quietly;
use crate::control::Queued;
use crate::error::SubmitErrorKind;
use crate::load::{Busy, Load};
use crate::slot::{Job, Slot, Turn};
use crate::sync::thread::{self, JoinHandle};
use crate::sync::{self, Condvar, Mutex, MutexGuard, Ordering, Receiver, Sender};
use crate::this_worker::{self, PoolId};
use crate::trace;

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

pub(crate) struct Settings<W> {
    pub(crate) workers: NonZeroUsize,
    /// Thread names are this and the worker's number.
    pub(crate) name: String,
    pub(crate) stack_bytes: usize,
    /// How many jobs may wait, if there is a limit.
    pub(crate) queue: Option<NonZeroUsize>,
    /// Makes what a worker owns, on its thread, from the worker's number; or tells why the pool
    /// cannot go on.
    pub(crate) start: Box<dyn Fn(usize) -> Result<W, String> + Send + Sync>,
    /// Called on a worker's thread before it exits, with the worker's number.
    pub(crate) stop: Box<dyn Fn(usize) + Send + Sync>,
}

/// The workers of a pool. Dropping it closes the pool and waits until they have exited.
pub(crate) struct Workers<W: 'static> {
    queue: Queue<W>,
}

/// Where jobs are submitted.
pub(crate) struct Queue<W: 'static> {
    shared: Arc<Shared<W>>,
}

impl<W> Clone for Queue<W> {
    fn clone(&self) -> Self {
        Self {
            shared: Arc::clone(&self.shared),
        }
    }
}

/// What the workers of a pool and those who submit to it share.
pub(crate) struct Shared<W: 'static> {
    settings: Settings<W>,
    queue: Receiver<Arc<Slot<W>>>,
    load: Load,
    control: Mutex<Control<W>>,
    /// A worker has exited, or there is room in the queue.
    changed: Condvar,
}

struct Control<W: 'static> {
    /// `None` after shutdown, and when the pool is broken. The workers end when it is gone and the queue is empty.
    sender: Option<Sender<Arc<Slot<W>>>>,
    threads: Vec<JoinHandle<()>>,
    /// Threads that have not exited.
    alive: usize,
    /// Jobs in the queue; counted only where their number is limited.
    waiting: usize,
    /// Why the pool broke, if it did.
    broken: Option<String>,
}

impl<W> Control<W> {
    /// Returns why no job is accepted, if none is.
    fn closed(&self) -> Option<SubmitErrorKind> {
        match (&self.sender, &self.broken) {
            (Some(_), _) => None,
            (None, Some(reason)) => Some(SubmitErrorKind::Broken(reason.clone())),
            (None, None) => Some(SubmitErrorKind::ShutDown),
        }
    }
}

impl<W: 'static> Workers<W> {
    pub(crate) fn new(settings: Settings<W>) -> Self {
        let (sender, queue) = sync::unbounded();
        let shared = Arc::new(Shared {
            settings,
            queue,
            load: Load::default(),
            control: Mutex::new(Control {
                sender: Some(sender),
                threads: Vec::new(),
                alive: 0,
                waiting: 0,
                broken: None,
            }),
            changed: Condvar::new(),
        });
        Self {
            queue: Queue { shared },
        }
    }

    pub(crate) fn max(&self) -> NonZeroUsize {
        self.shared().settings.workers
    }

    pub(crate) fn queue(&self) -> &Queue<W> {
        &self.queue
    }

    fn shared(&self) -> &Shared<W> {
        &self.queue.shared
    }

    /// Accepts no more jobs; those that wait are done still.
    pub(crate) fn close(&self) {
        self.shared().close(None);
    }

    /// Drops the jobs that wait.
    pub(crate) fn discard_waiting(&self) {
        for slot in self.shared().queue.try_iter() {
            slot.discard();
        }
    }

    /// Waits until the workers of a closed pool have exited; returns whether they have before
    /// `deadline`. On a worker's own thread it does not wait: the worker would wait for itself.
    pub(crate) fn wait_for_exit(&self, deadline: Option<Instant>) -> bool {
        let shared = self.shared();
        let mut control = sync::lock(&shared.control);
        if this_worker::is_thread_of(shared.id()) {
            return false;
        }
        let mut time_left = true;
        while control.alive > 0 {
            if !time_left {
                return false;
            }
            (control, time_left) = sync::wait(&shared.changed, control, deadline);
        }
        let threads = std::mem::take(&mut control.threads);
        drop(control);
        for thread in threads {
            // Nothing that a worker calls is let panic.
            let _ = thread.join();
        }
        true
    }
}

impl<W: 'static> Drop for Workers<W> {
    fn drop(&mut self) {
        self.close();
        self.wait_for_exit(None);
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
            && control.threads.len() < self.shared.settings.workers.get()
        {
            match self.shared.start_worker(&mut control) {
                Ok(()) => _ = spare.fetch_add(1, Ordering::AcqRel),
                Err(error) if control.threads.is_empty() => {
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
            (control, time_left) = sync::wait(&self.changed, control, deadline);
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

    /// Accepts no more jobs, because the pool broke if there is a reason for that.
    fn close(&self, broken: Option<String>) {
        let mut control = sync::lock(&self.control);
        let sender = control.sender.take();
        if sender.is_some() {
            control.broken = broken;
        }
        drop(control);
        drop(sender);
        // Who waits for room learns that there will be none.
        self.changed.notify_all();
    }

    /// Accepts no more jobs and ends those that wait, because the pool cannot go on.
    pub(crate) fn break_down(&self, reason: &str) {
        trace::pool_broke(&self.settings.name, reason);
        self.close(Some(reason.to_owned()));
        for slot in self.queue.try_iter() {
            slot.fail(reason);
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
            drop(control);
            self.changed.notify_all();
        }
    }

    fn start_worker(self: &Arc<Self>, control: &mut Control<W>) -> std::io::Result<()> {
        let shared = Arc::clone(self);
        let number = control.threads.len();
        let thread = thread::Builder::new()
            .name(format!("{}_{number}", self.settings.name))
            .stack_size(self.settings.stack_bytes)
            .spawn(move || {
                let exit = Exit(shared);
                exit.0.work(number);
            })?;
        control.threads.push(thread);
        control.alive += 1;
        Ok(())
    }

    fn work(&self, number: usize) {
        this_worker::begin(self.id());
        match (self.settings.start)(number) {
            Ok(own) => self.work_with(&Rc::new(own)),
            Err(reason) => self.break_down(&reason),
        }
        (self.settings.stop)(number);
    }

    fn work_with(&self, own: &Rc<W>) {
        let _worker = this_worker::enter(self.id(), Rc::clone(own));
        while let Ok(slot) = self.queue.recv() {
            let mut busy = Busy::new(&self.load);
            if let Some(job) = slot.take_for(true) {
                if self.settings.queue.is_some() {
                    busy.counts_as_busy();
                }
                self.run(job, own, busy);
            }
        }
    }

    /// Runs a job. Jobs catch the panics of tasks; what may panic after that are destructors.
    pub(crate) fn run(&self, job: Job<W>, own: &W, busy: Busy<'_>) {
        let turn = Turn::Run {
            own,
            busy,
            pool: self,
        };
        quietly(|| job(turn));
    }

    fn id(&self) -> PoolId {
        PoolId::of(self)
    }

    /// Whether this thread is one of the workers.
    fn is_here(&self) -> bool {
        this_worker::is_of(self.id())
    }

    /// What this thread owns if it is one of the workers.
    pub(crate) fn own(&self) -> Option<Rc<W>> {
        this_worker::own(self.id())
    }
}

/// Counts the thread off when it exits, however it does.
struct Exit<W: 'static>(Arc<Shared<W>>);

impl<W> Drop for Exit<W> {
    fn drop(&mut self) {
        sync::lock(&self.0.control).alive -= 1;
        self.0.changed.notify_all();
    }
}

impl<W: 'static> fmt::Debug for Workers<W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shared = self.shared();
        let control = sync::lock(&shared.control);
        f.debug_struct("Workers")
            .field("name", &shared.settings.name)
            .field("max", &shared.settings.workers)
            .field("started", &control.threads.len())
            .field("queued", &shared.queue.len())
            .field("shut_down", &control.sender.is_none())
            .field("broken", &control.broken)
            .finish()
    }
}

//! Named threads that take jobs from one queue, started when there is work for them.
//!
//! Knows nothing of tasks: a job is a closure that is given what its worker owns.

use std::any::Any;
use std::cell::RefCell;
use std::fmt;
use std::num::NonZeroUsize;
use std::rc::Rc;
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use crate::completion::{Queued, quietly};
use crate::error::SubmitErrorKind;
use crate::load::Load;
use crate::sync::thread::{self, JoinHandle};
use crate::sync::{self, Condvar, Mutex, MutexGuard, Ordering, Receiver, Sender, thread_local};

pub(crate) use crate::load::Busy;

/// What a worker does next. It drops the [`Busy`] before anybody can see that the job is done, so
/// that who sees it and submits the next one finds the worker free. A job that is itself dropped
/// must leave nobody waiting.
pub(crate) type Job<W> = Box<dyn FnOnce(&W, Busy<'_>) + Send>;

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
    /// Makes what a worker owns, on its thread.
    pub(crate) start: Box<dyn Fn() -> W + Send + Sync>,
}

pub(crate) struct Workers<W: 'static> {
    shared: Arc<Shared<W>>,
}

struct Shared<W> {
    settings: Settings<W>,
    queue: Receiver<Arc<Slot<W>>>,
    load: Load,
    control: Mutex<Control<W>>,
    /// A worker has exited, or there is room in the queue.
    changed: Condvar,
}

struct Control<W> {
    /// `None` after shutdown. The workers end when it is gone and the queue is empty.
    sender: Option<Sender<Arc<Slot<W>>>>,
    threads: Vec<JoinHandle<()>>,
    /// Threads that have not exited.
    alive: usize,
    /// Jobs in the queue; counted only where their number is limited.
    waiting: usize,
}

/// A place in the queue. Its job can leave before it is its turn: because it was cancelled, or
/// because a worker that waits for it does it itself.
struct Slot<W> {
    job: Mutex<Option<Job<W>>>,
    shared: Weak<Shared<W>>,
}

thread_local! {
    /// Which pool's worker this thread is, and what it owns.
    static WORKER: RefCell<Option<(*const (), Rc<dyn Any>)>> = RefCell::new(None);
}

/// Whether this thread is a worker of some pool.
pub(crate) fn on_worker() -> bool {
    on_worker_of(|_, _| Some(())).is_some()
}

/// Asks for the pool whose worker this thread is and for what it owns; `None` on other threads, and on
/// one that is ending.
fn on_worker_of<R>(ask: impl FnOnce(*const (), &Rc<dyn Any>) -> Option<R>) -> Option<R> {
    let asked = WORKER.try_with(|worker| {
        let worker = worker.borrow();
        worker.as_ref().and_then(|(pool, own)| ask(*pool, own))
    });
    asked.ok().flatten()
}

impl<W: 'static> Workers<W> {
    pub(crate) fn new(settings: Settings<W>) -> Self {
        let (sender, queue) = sync::unbounded();
        Self {
            shared: Arc::new(Shared {
                settings,
                queue,
                load: Load::default(),
                control: Mutex::new(Control {
                    sender: Some(sender),
                    threads: Vec::new(),
                    alive: 0,
                    waiting: 0,
                }),
                changed: Condvar::new(),
            }),
        }
    }

    pub(crate) fn max(&self) -> NonZeroUsize {
        self.shared.settings.workers
    }

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
        if spare.load(Ordering::Acquire) <= 0 && control.threads.len() < self.max().get() {
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
        let slot = Arc::new(Slot {
            job: Mutex::new(Some(job)),
            shared: Arc::downgrade(&self.shared),
        });
        let queued: Weak<Slot<W>> = Arc::downgrade(&slot);
        let sender = control.sender.as_ref().expect("`room` has looked");
        sender
            .send(slot)
            .unwrap_or_else(|_| unreachable!("the queue's receiving end is in `shared`"));
        Ok((queued, result))
    }

    /// Accepts no more jobs; those that wait are done still.
    pub(crate) fn close(&self) {
        let sender = sync::lock(&self.shared.control).sender.take();
        drop(sender);
        // Who waits for room learns that there will be none.
        self.shared.changed.notify_all();
    }

    /// Drops the jobs that wait.
    pub(crate) fn discard_waiting(&self) {
        for slot in self.shared.queue.try_iter() {
            slot.discard();
        }
    }

    /// Waits until the workers of a closed pool have exited; returns whether they have before
    /// `deadline`. On a worker's own thread it does not wait: the worker would wait for itself.
    pub(crate) fn wait_for_exit(&self, deadline: Option<Instant>) -> bool {
        let mut control = sync::lock(&self.shared.control);
        if self.shared.is_here() {
            return false;
        }
        let mut time_left = true;
        while control.alive > 0 {
            if !time_left {
                return false;
            }
            (control, time_left) = sync::wait(&self.shared.changed, control, deadline);
        }
        let threads = std::mem::take(&mut control.threads);
        drop(control);
        for thread in threads {
            // Only the hooks of the start could have panicked.
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
            if control.sender.is_none() {
                return Err(SubmitErrorKind::ShutDown);
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
        let is_full = |limit: NonZeroUsize| control.waiting + busy >= limit.get() + workers;
        self.settings.queue.is_some_and(is_full)
    }

    /// Runs the job that is due on this thread, which is a worker's.
    fn run_one_here(&self) {
        let own = self.own();
        if let (Some(own), Some(slot)) = (own, self.queue.try_iter().next()) {
            // The place in the queue is free when the job is done, as if a worker had come to it.
            let busy = Busy::new(&self.load);
            if let Some(job) = slot.take() {
                run(job, &own, busy);
            }
        }
    }

    /// A job has left the queue, for a worker that was free if `to_worker`: there is room for another.
    fn leaves_queue(&self, to_worker: bool) {
        if self.settings.queue.is_some() {
            let mut control = sync::lock(&self.control);
            control.waiting -= 1;
            if to_worker {
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
                exit.0.work();
            })?;
        control.threads.push(thread);
        control.alive += 1;
        Ok(())
    }

    fn work(&self) {
        let own = Rc::new((self.settings.start)());
        let this = (self.identity(), Rc::clone(&own) as Rc<dyn Any>);
        WORKER.with(|worker| worker.replace(Some(this)));
        while let Ok(slot) = self.queue.recv() {
            let mut busy = Busy::new(&self.load);
            if let Some(job) = slot.take_for(true) {
                if self.settings.queue.is_some() {
                    busy.counts_as_busy();
                }
                run(job, &own, busy);
            }
        }
    }

    fn identity(&self) -> *const () {
        std::ptr::from_ref(self).cast()
    }

    /// Whether this thread is one of the workers.
    fn is_here(&self) -> bool {
        on_worker_of(|pool, _| (pool == self.identity()).then_some(())).is_some()
    }

    /// What this thread owns if it is one of the workers.
    fn own(&self) -> Option<Rc<W>> {
        on_worker_of(|pool, own| {
            let same = pool == self.identity();
            same.then(|| Rc::clone(own).downcast().ok()).flatten()
        })
    }
}

/// Jobs catch the panics of tasks. This is for what may panic after that: destructors.
fn run<W>(job: Job<W>, own: &W, busy: Busy<'_>) {
    quietly(|| job(own, busy));
}

impl<W: 'static> Slot<W> {
    /// Takes the job, and with it what it takes up of the queue: the slot itself stays until a worker
    /// comes to it.
    fn take(&self) -> Option<Job<W>> {
        self.take_for(false)
    }

    fn take_for(&self, to_worker: bool) -> Option<Job<W>> {
        let job = sync::lock(&self.job).take()?;
        if let Some(shared) = self.shared.upgrade() {
            shared.leaves_queue(to_worker);
        }
        Some(job)
    }
}

impl<W: 'static> Queued for Slot<W> {
    fn run_here(&self) -> bool {
        let Some(shared) = self.shared.upgrade() else {
            return false;
        };
        match shared.own().and_then(|own| Some((self.take()?, own))) {
            Some((job, own)) => {
                run(job, &own, Busy::beside());
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

/// Counts the thread off when it exits, however it does.
struct Exit<W>(Arc<Shared<W>>);

impl<W> Drop for Exit<W> {
    fn drop(&mut self) {
        sync::lock(&self.0.control).alive -= 1;
        self.0.changed.notify_all();
    }
}

impl<W: 'static> fmt::Debug for Workers<W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let control = sync::lock(&self.shared.control);
        f.debug_struct("Workers")
            .field("name", &self.shared.settings.name)
            .field("max", &self.shared.settings.workers)
            .field("started", &control.threads.len())
            .field("queued", &self.shared.queue.len())
            .field("shut_down", &control.sender.is_none())
            .finish()
    }
}

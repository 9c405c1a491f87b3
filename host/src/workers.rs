//! Named threads that take jobs from one queue, started when there is work for them.
//!
//! Knows nothing of tasks: a job is a closure that is given what its worker owns.

use std::fmt;
use std::num::NonZeroUsize;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Instant;

use crate::error::SubmitErrorKind;
use crate::load::{Busy, Clock, Load};
use crate::queue::Queue;
use crate::quietly::quietly;
use crate::slot::{Place, Turn};
use crate::sync::thread::{self, JoinHandle};
use crate::sync::{self, AtomicBool, Condvar, Mutex, MutexGuard, Ordering, Receiver, Sender};
use crate::this_worker::{self, PoolId};
use crate::trace;

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

/// What the workers of a pool and those who submit to it share.
pub(crate) struct Shared<W: 'static> {
    pub(crate) settings: Settings<W>,
    pub(crate) queue: Receiver<Arc<dyn Place<W>>>,
    pub(crate) load: Load,
    pub(crate) control: Mutex<Control<W>>,
    /// No job is accepted any more; for who looks without the lock.
    pub(crate) is_closed: AtomicBool,
    /// There is a job for one who sleeps, or there will be none any more.
    pub(crate) work: Condvar,
    /// There is room in the queue for one more, or no job is accepted any more.
    pub(crate) room: Condvar,
    /// A worker has exited.
    pub(crate) exited: Condvar,
}

pub(crate) struct Control<W: 'static> {
    /// `None` after shutdown, and when the pool is broken. The workers end when it is gone and the
    /// queue is empty.
    pub(crate) sender: Option<Sender<Arc<dyn Place<W>>>>,
    pub(crate) threads: Vec<JoinHandle<()>>,
    /// Threads that were started.
    pub(crate) started: usize,
    /// Threads that have not exited.
    pub(crate) alive: usize,
    /// Jobs in the queue; counted only where their number is limited.
    pub(crate) waiting: usize,
    /// Workers that sleep, and were told of a job.
    pub(crate) told: usize,
    /// Threads that wait for room.
    pub(crate) waiters: usize,
    /// Why the pool broke, if it did.
    pub(crate) broken: Option<String>,
}

impl<W> Control<W> {
    /// Returns why no job is accepted, if none is.
    pub(crate) fn closed(&self) -> Option<SubmitErrorKind> {
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
                started: 0,
                alive: 0,
                waiting: 0,
                told: 0,
                waiters: 0,
                broken: None,
            }),
            is_closed: AtomicBool::new(false),
            work: Condvar::new(),
            room: Condvar::new(),
            exited: Condvar::new(),
        });
        Self {
            queue: Queue { shared },
        }
    }

    pub(crate) fn max(&self) -> NonZeroUsize {
        self.shared().settings.workers
    }

    /// Returns how many workers there are.
    pub(crate) fn alive(&self) -> usize {
        sync::lock(&self.shared().control).alive
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
        self.shared().discard_waiting();
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
            (control, time_left) = sync::wait(&shared.exited, control, deadline);
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

impl<W: 'static> Shared<W> {
    /// Accepts no more jobs, because the pool broke if there is a reason for that. Returns whether it
    /// did until now.
    fn close(&self, broken: Option<String>) -> bool {
        let mut control = sync::lock(&self.control);
        let sender = control.sender.take();
        let was_open = sender.is_some();
        if was_open {
            control.broken = broken;
            self.is_closed.store(true, Ordering::Release);
        }
        drop(control);
        drop(sender);
        // Who waits for a job or for room learns that there will be none.
        self.work.notify_all();
        self.room.notify_all();
        was_open
    }

    /// Accepts no more jobs and ends those that wait, because the pool cannot go on.
    pub(crate) fn break_down(&self, reason: &str) {
        if self.close(Some(reason.to_owned())) {
            quietly(|| trace::pool_broke(&self.settings.name, reason));
        }
        for place in self.queue.try_iter() {
            place.take_turn(Turn::Broken(reason.to_owned()));
        }
    }

    fn discard_waiting(&self) {
        for place in self.queue.try_iter() {
            place.discard();
            quietly(|| drop(place));
        }
    }

    pub(crate) fn start_worker(self: &Arc<Self>, control: &mut Control<W>) -> std::io::Result<()> {
        let shared = Arc::clone(self);
        let number = control.started;
        let thread = thread::Builder::new()
            .name(format!("{}_{number}", self.settings.name))
            .stack_size(self.settings.stack_bytes)
            .spawn(move || {
                let exit = Exit(shared);
                exit.work(number);
            })?;
        control.threads.push(thread);
        control.started += 1;
        control.alive += 1;
        Ok(())
    }

    /// Waits for a place in the queue to come to. `None` when there will be none any more.
    fn next(&self, clock: &Clock) -> Option<Arc<dyn Place<W>>> {
        if let Some(slot) = self.try_next() {
            return Some(slot);
        }
        clock.stop();
        if let Some(slot) = self.look() {
            return Some(slot);
        }
        let mut control = sync::lock(&self.control);
        loop {
            // Under the lock, under which jobs are sent: none comes between this and the wait.
            if let Some(slot) = self.try_next() {
                self.tell_of_more(control);
                return Some(slot);
            }
            control.sender.as_ref()?;
            self.load.asleep.fetch_add(1, Ordering::SeqCst);
            (control, _) = sync::wait(&self.work, control, None);
            // Where another one was told, that wakes, too.
            match control.told {
                0 => _ = self.load.asleep.fetch_sub(1, Ordering::SeqCst),
                _ => control.told -= 1,
            }
        }
    }

    fn try_next(&self) -> Option<Arc<dyn Place<W>>> {
        self.queue.try_iter().next()
    }

    /// Looks for a place in the queue for a while, unless another worker does. Meanwhile nobody is woken for a
    /// job that comes: see [`has_to_be_told`](Self::has_to_be_told).
    fn look(&self) -> Option<Arc<dyn Place<W>>> {
        if self.load.looking.swap(true, Ordering::SeqCst) {
            return None;
        }
        let found = sync::spin(|| self.try_next());
        self.load.looking.store(false, Ordering::SeqCst);
        // Without the lock, for which others wait. Who was asleep when the job was sent is seen here.
        let asleep = || self.load.asleep.load(Ordering::SeqCst) > 0;
        if found.is_some() && !self.queue.is_empty() && asleep() {
            self.tell_of_more(sync::lock(&self.control));
        }
        found
    }

    /// Wakes another worker if there is something for it: several jobs may have come while one looked.
    fn tell_of_more(&self, mut control: MutexGuard<'_, Control<W>>) {
        let tell = !self.queue.is_empty() && self.is_to_be_told(&mut control);
        drop(control);
        if tell {
            self.work.notify_one();
        }
    }

    /// Whether a worker has to be woken for a job that was sent: notes that it will be. One that is looking either
    /// finds it, or has found another before that, and then sees in the queue that there is more.
    pub(crate) fn has_to_be_told(&self, control: &mut Control<W>) -> bool {
        !self.load.looking.load(Ordering::SeqCst) && self.is_to_be_told(control)
    }

    /// Whether one of those who sleep is to be woken: notes that it will be. Until it runs, nobody has to tell it
    /// again.
    fn is_to_be_told(&self, control: &mut Control<W>) -> bool {
        let one_is = self.load.asleep.load(Ordering::SeqCst) > 0;
        if one_is {
            self.load.asleep.fetch_sub(1, Ordering::SeqCst);
            control.told += 1;
        }
        one_is
    }

    pub(crate) fn id(&self) -> PoolId {
        PoolId::of(self)
    }

    /// Whether this thread is one of the workers.
    pub(crate) fn is_here(&self) -> bool {
        this_worker::is_of(self.id())
    }
}

impl<W: 'static> Drop for Shared<W> {
    fn drop(&mut self) {
        // The workers have seen to all that was there, if they could.
        self.discard_waiting();
    }
}

/// What a worker works with, while it does.
pub(crate) struct Station<W: 'static> {
    pub(crate) own: W,
    pub(crate) pool: Arc<Shared<W>>,
}

impl<W: 'static> Station<W> {
    fn work(self) {
        let station = Rc::new(self);
        let pool = &station.pool;
        let _worker = this_worker::enter(pool.id(), Rc::clone(&station));
        let clock = Clock::default();
        while let Some(place) = pool.next(&clock) {
            place.take_turn(Turn::on(&station, Busy::new(&pool.load, &clock)));
        }
    }
}

/// Counts the thread off when it exits, however it does.
struct Exit<W: 'static>(Arc<Shared<W>>);

impl<W: 'static> Exit<W> {
    fn work(&self, number: usize) {
        let pool = &self.0;
        this_worker::begin(pool.id());
        match (pool.settings.start)(number) {
            Ok(own) => {
                let pool = Arc::clone(pool);
                Station { own, pool }.work();
            }
            Err(reason) => pool.break_down(&reason),
        }
        (pool.settings.stop)(number);
    }
}

impl<W> Drop for Exit<W> {
    fn drop(&mut self) {
        sync::lock(&self.0.control).alive -= 1;
        self.0.exited.notify_all();
    }
}

impl<W: 'static> fmt::Debug for Workers<W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shared = self.shared();
        let control = sync::lock(&shared.control);
        f.debug_struct("Workers")
            .field("name", &shared.settings.name)
            .field("max", &shared.settings.workers)
            .field("started", &control.started)
            .field("queued", &shared.queue.len())
            .field("shut_down", &control.sender.is_none())
            .field("broken", &control.broken)
            .finish()
    }
}

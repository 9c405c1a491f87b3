//! Named threads that take jobs from one queue, started when there is work for them.
//!
//! Knows nothing of tasks: a job is a closure that is given what its worker owns.

use std::fmt;
use std::num::NonZeroUsize;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicIsize, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::thread::{self, JoinHandle};

use crossbeam_channel::{Receiver, Sender};

use crate::error::SubmitErrorKind;
use crate::sync;

/// What a worker does next. It drops the [`Busy`] before anybody can see that the job is done, so
/// that who sees it and submits the next one finds the worker free. A job that is itself dropped
/// must leave nobody waiting.
pub(crate) type Job<W> = Box<dyn FnOnce(&mut W, Busy<'_>) + Send>;

/// A worker has a job, and is not counted as free.
pub(crate) struct Busy<'a>(&'a AtomicIsize);

impl Drop for Busy<'_> {
    fn drop(&mut self) {
        self.0.fetch_add(1, Ordering::AcqRel);
    }
}

/// What becomes of the tasks of a pool that is shut down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shutdown {
    /// All that was submitted is finished.
    Finish,
    /// What waits in the queue is cancelled, what runs is finished.
    #[doc(alias = "cancel_futures")]
    CancelPending,
}

pub(crate) struct Settings<W> {
    pub(crate) workers: NonZeroUsize,
    /// Thread names are this and the worker's number.
    pub(crate) name: String,
    pub(crate) stack_bytes: usize,
    /// Makes what a worker owns, on its thread.
    pub(crate) start: Box<dyn Fn() -> W + Send + Sync>,
}

pub(crate) struct Workers<W: 'static> {
    shared: Arc<Shared<W>>,
}

struct Shared<W> {
    settings: Settings<W>,
    queue: Receiver<Job<W>>,
    /// Free workers less queued jobs. Below zero there is more to do than workers to do it.
    spare: AtomicIsize,
    control: Mutex<Control<W>>,
    exited: Condvar,
}

struct Control<W> {
    /// `None` after shutdown. The workers end when it is gone and the queue is empty.
    sender: Option<Sender<Job<W>>>,
    threads: Vec<JoinHandle<()>>,
    /// Threads that have not exited.
    alive: usize,
}

impl<W: 'static> Workers<W> {
    pub(crate) fn new(settings: Settings<W>) -> Self {
        let (sender, queue) = crossbeam_channel::unbounded();
        Self {
            shared: Arc::new(Shared {
                settings,
                queue,
                spare: AtomicIsize::new(0),
                control: Mutex::new(Control {
                    sender: Some(sender),
                    threads: Vec::new(),
                    alive: 0,
                }),
                exited: Condvar::new(),
            }),
        }
    }

    pub(crate) fn max(&self) -> NonZeroUsize {
        self.shared.settings.workers
    }

    /// Queues what `job` makes of `work`; starts a worker for it if none is idle and the limit
    /// permits. Gives `work` back if that cannot be.
    pub(crate) fn submit<J>(
        &self,
        work: J,
        job: impl FnOnce(J) -> Job<W>,
    ) -> Result<(), (SubmitErrorKind, J)> {
        let mut control = sync::lock(&self.shared.control);
        if control.sender.is_none() {
            return Err((SubmitErrorKind::ShutDown, work));
        }
        let spare = &self.shared.spare;
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
        let sender = control.sender.as_ref().expect("checked above");
        sender
            .send(job(work))
            .unwrap_or_else(|_| unreachable!("the queue's receiving end is in `shared`"));
        Ok(())
    }

    /// Accepts no more jobs, and waits until the workers have exited. On a worker's own thread it
    /// does not wait: the worker would wait for itself.
    pub(crate) fn shut_down(&self, how: Shutdown) {
        let sender = sync::lock(&self.shared.control).sender.take();
        drop(sender);
        if how == Shutdown::CancelPending {
            while let Ok(job) = self.shared.queue.try_recv() {
                drop(job);
            }
        }
        let mut control = sync::lock(&self.shared.control);
        let this = thread::current().id();
        if control.threads.iter().any(|t| t.thread().id() == this) {
            return;
        }
        while control.alive > 0 {
            (control, _) = sync::wait(&self.shared.exited, control, None);
        }
        let threads = std::mem::take(&mut control.threads);
        drop(control);
        for thread in threads {
            // Only the hooks of the start could have panicked.
            let _ = thread.join();
        }
    }
}

impl<W: 'static> Drop for Workers<W> {
    fn drop(&mut self) {
        self.shut_down(Shutdown::Finish);
    }
}

impl<W: 'static> Shared<W> {
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
        let mut own = (self.settings.start)();
        while let Ok(job) = self.queue.recv() {
            // Jobs catch the panics of tasks. This is for what may panic after that: destructors.
            let job = || job(&mut own, Busy(&self.spare));
            let _ = catch_unwind(AssertUnwindSafe(job));
        }
    }
}

/// Counts the thread off when it exits, however it does.
struct Exit<W>(Arc<Shared<W>>);

impl<W> Drop for Exit<W> {
    fn drop(&mut self) {
        sync::lock(&self.0.control).alive -= 1;
        self.0.exited.notify_all();
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

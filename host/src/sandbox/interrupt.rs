//! Stopping a running guest: because it was cancelled, or because its time is up.
//!
//! A guest is made to look: by its own `flags`, or with all guests of its module, by `epochs`. It finds
//! out for itself whether it is meant, so what is meant for a task can hit neither its neighbours nor
//! the next task.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use wasmtime::{Engine, Memory, Store};

use crate::control::{Cancel, Stop};
use crate::error::TaskErrorKind;
use crate::interruption::Interruption;
use crate::limits::Due;
use crate::quietly::quietly;
use crate::sandbox::alarm::{Alarm, Armed};
use crate::sandbox::epochs;
use crate::sandbox::flags::Flags;
use crate::sandbox::guest::Guest;
use crate::sandbox::module::TaskModule;
use crate::sync;

/// How soon guests are made to look again if the one that is meant has not ended.
const AGAIN: Duration = Duration::from_millis(1);

/// The alarms of a module.
pub(crate) struct Timer {
    engine: Engine,
    interrupts: Alarm,
    /// Has a thread of its own: it ends tasks, which runs their callbacks, and these may take long.
    expiries: Alarm,
}

impl Timer {
    pub(crate) fn new(engine: Engine) -> Self {
        Self {
            engine,
            interrupts: Alarm::new("sandpool-timer"),
            expiries: Alarm::new("sandpool-expiry"),
        }
    }

    pub(crate) fn engine(&self) -> &Engine {
        &self.engine
    }

    /// Has the task's guest look from `deadline` on, for as long as the returned guard lives.
    ///
    /// # Errors
    ///
    /// The operating system refused the alarm's thread.
    pub(crate) fn arm(&self, deadline: Instant, task: &Arc<Interrupt>) -> std::io::Result<Armed> {
        let task = Arc::downgrade(task);
        // The task that was due may have ended meanwhile, and the next one be running.
        self.interrupts
            .set(deadline, move || task.upgrade()?.look(Flags::raise_if_due))
    }

    /// Has all guests look from then on, for as long as the returned guard lives.
    fn repeat(&self, first: Instant) -> std::io::Result<Armed> {
        let engine = self.engine.clone();
        self.interrupts.set(first, move || {
            epochs::interrupt(&engine);
            Some(AGAIN)
        })
    }

    /// Has the task ended at its deadline, if it waits in the queue by then and the returned guard
    /// lives.
    ///
    /// # Errors
    ///
    /// As [`arm`](Self::arm).
    pub(crate) fn expire(&self, due: Due, task: &Arc<dyn Cancel>) -> std::io::Result<Armed> {
        let Due { at, limit } = due;
        let task = Arc::downgrade(task);
        self.expiries.set(at, move || {
            if let Some(task) = task.upgrade() {
                // With the task, which may be the last pointer to its value.
                quietly(move || task.fail_pending(TaskErrorKind::DeadlineExceeded { limit }));
            }
            None
        })
    }
}

/// Stops the task that runs: one after the other, each of which [begins](Self::begin).
pub(crate) struct Interrupt {
    module: TaskModule,
    stopped: AtomicBool,
    flags: Flags,
    /// Has guests look until the one that is meant has ended, which lets go of this.
    stopping: Mutex<Option<Armed>>,
    /// Wakes a guest that has the host wait.
    #[cfg(feature = "wasi")]
    woken: std::sync::Condvar,
}

impl Interrupt {
    pub(crate) fn new(module: &TaskModule) -> Arc<Self> {
        Arc::new(Self {
            module: module.clone(),
            stopped: AtomicBool::new(false),
            flags: Flags::default(),
            stopping: Mutex::new(None),
            #[cfg(feature = "wasi")]
            woken: std::sync::Condvar::new(),
        })
    }

    pub(crate) fn is_stopped(&self) -> bool {
        self.stopped.load(Ordering::SeqCst)
    }

    /// Has the guest of this store be stopped by the flags in this memory of it.
    pub(super) fn attach(&self, store: &Store<Guest>, flags: Memory) {
        self.flags.attach(store, flags);
    }

    /// Has no guest be stopped by flags.
    pub(super) fn detach(&self) {
        self.flags.detach();
    }

    /// A task begins in the guest, which is due then. Where it was stopped before, it is to be seen after this.
    pub(super) fn begin(&self, due: Option<Instant>) {
        self.flags.begin(due);
    }

    /// Stops no task any more: to be called when nobody will stop the last one.
    pub(crate) fn renew(&self) {
        // Mostly it is not, and to look is cheaper than to write.
        if self.is_stopped() {
            self.stopped.store(false, Ordering::SeqCst);
            *sync::lock(&self.stopping) = None;
        }
    }

    /// Whether the guest's flags were raised.
    pub(super) fn has_raised(&self) -> bool {
        self.flags.are_raised()
    }

    /// Has the guest look whether it is to end: by `raise` where it looks at flags of its own. Returns after which
    /// time it has to be made to again.
    fn look(&self, raise: fn(&Flags)) -> Option<Duration> {
        match self.module.interruption() {
            Interruption::Polls => {
                raise(&self.flags);
                None
            }
            Interruption::Epochs => {
                epochs::interrupt(self.module.inner.timer.engine());
                Some(AGAIN)
            }
        }
    }

    /// Waits until then, or until the task is stopped.
    #[cfg(feature = "wasi")]
    pub(crate) fn wait(&self, until: Option<Instant>) {
        let mut stopping = sync::lock(&self.stopping);
        while !self.is_stopped() && until.is_none_or(|until| Instant::now() < until) {
            (stopping, _) = sync::wait(&self.woken, stopping, until);
        }
    }
}

impl Stop for Interrupt {
    fn stop(&self) -> bool {
        self.stopped.store(true, Ordering::SeqCst);
        if let Some(after) = self.look(Flags::raise) {
            let timer = &self.module.inner.timer;
            // Where the system has no thread left, the one look will mostly do.
            *sync::lock(&self.stopping) = timer.repeat(Instant::now() + after).ok();
        }
        // After the lock: who waits has either seen the flag, or waits by now.
        #[cfg(feature = "wasi")]
        self.woken.notify_all();
        true
    }
}

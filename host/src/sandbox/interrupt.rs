//! Stopping a running guest: because it was cancelled, or because its time is up.
//!
//! Guests are made to look, all guests of a module at once: see `epochs`. Each finds out for itself
//! whether it is meant, so what is meant for a task can hit neither its neighbours nor the next task.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, Weak};
use std::time::{Duration, Instant};

use wasmtime::Engine;

use crate::completion::quietly;
use crate::control::{Cancel, Stop};
use crate::error::TaskErrorKind;
use crate::limits::Due;
use crate::sandbox::alarm::{Alarm, Armed};
use crate::sandbox::epochs;
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

    /// Has guests look from `deadline` on, for as long as the returned guard lives.
    ///
    /// # Errors
    ///
    /// The operating system refused the alarm's thread.
    pub(crate) fn arm(&self, deadline: Instant) -> std::io::Result<Armed> {
        let engine = self.engine.clone();
        self.interrupts.set(deadline, move || {
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
    pub(crate) fn expire(&self, due: Due, task: Weak<dyn Cancel>) -> std::io::Result<Armed> {
        let Due { at, limit } = due;
        self.expiries.set(at, move || {
            if let Some(task) = task.upgrade() {
                quietly(|| task.fail_pending(TaskErrorKind::DeadlineExceeded { limit }));
            }
            None
        })
    }
}

/// Stops one task.
pub(crate) struct Interrupt {
    module: TaskModule,
    stopped: AtomicBool,
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
            stopping: Mutex::new(None),
            #[cfg(feature = "wasi")]
            woken: std::sync::Condvar::new(),
        })
    }

    pub(crate) fn is_stopped(&self) -> bool {
        self.stopped.load(Ordering::SeqCst)
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
        let timer = &self.module.inner.timer;
        epochs::interrupt(timer.engine());
        // Where the system has no thread left, the one look will mostly do.
        *sync::lock(&self.stopping) = timer.arm(Instant::now() + AGAIN).ok();
        // After the lock: who waits has either seen the flag, or waits by now.
        #[cfg(feature = "wasi")]
        self.woken.notify_all();
        true
    }
}

//! Stopping a running guest: because it was cancelled, or because its time is up.
//!
//! Guests look at their engine's epoch at every loop and function entry. When it has moved on, they
//! call back, and the callback looks whether it is this guest that is meant: the epoch belongs to
//! all guests of a module.
//!
//! A guest that was not meant is told to look again at the next epoch, and the engine reads the present
//! one for that only after the callback has answered: a step in between is lost on it. So who wants
//! a guest to end moves the epoch on until it has.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, Weak};
use std::time::{Duration, Instant};

use wasmtime::Engine;

use crate::completion::quietly;
use crate::control::{Cancel, Stop};
use crate::error::TaskErrorKind;
use crate::limits::Due;
use crate::sandbox::alarm::{Alarm, Armed};
use crate::sandbox::module::TaskModule;
use crate::sync;

/// How soon the epoch is moved on again if the guest that is meant has not ended.
const AGAIN: Duration = Duration::from_millis(1);

/// The alarms of a module.
pub(crate) struct Timer {
    engine: Engine,
    epochs: Alarm,
    /// Has a thread of its own: it ends tasks, which runs their callbacks, and these may take long.
    expiries: Alarm,
}

impl Timer {
    pub(crate) fn new(engine: Engine) -> Self {
        Self {
            engine,
            epochs: Alarm::new("sandpool-epochs"),
            expiries: Alarm::new("sandpool-expiry"),
        }
    }

    pub(crate) fn engine(&self) -> &Engine {
        &self.engine
    }

    /// Moves the epoch on from `deadline` on, for as long as the returned guard lives.
    ///
    /// # Errors
    ///
    /// The operating system refused the alarm's thread.
    pub(crate) fn arm(&self, deadline: Instant) -> std::io::Result<Armed> {
        let engine = self.engine.clone();
        self.epochs.set(deadline, move || {
            engine.increment_epoch();
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
    /// Moves the epoch on until the guest has ended, which lets go of this.
    stopping: Mutex<Option<Armed>>,
}

impl Interrupt {
    pub(crate) fn new(module: &TaskModule) -> Arc<Self> {
        Arc::new(Self {
            module: module.clone(),
            stopped: AtomicBool::new(false),
            stopping: Mutex::new(None),
        })
    }

    pub(crate) fn is_stopped(&self) -> bool {
        self.stopped.load(Ordering::SeqCst)
    }
}

impl Stop for Interrupt {
    fn stop(&self) -> bool {
        self.stopped.store(true, Ordering::SeqCst);
        let timer = &self.module.inner.timer;
        timer.engine().increment_epoch();
        // Where the system has no thread left, the one step will mostly do.
        *sync::lock(&self.stopping) = timer.arm(Instant::now() + AGAIN).ok();
        true
    }
}

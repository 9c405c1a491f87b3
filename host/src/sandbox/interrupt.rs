//! Stopping a running guest: because it was cancelled, or because its time is up.
//!
//! Guests look at their engine's epoch at every loop and function entry. When it has moved on, they
//! call back, and the callback looks whether it is this guest that is meant: the epoch belongs to
//! all guests of a module.
//!
//! No step is lost. A guest's sequence is: set the epoch at which it calls back to the next one; look
//! at its flag; register its deadline; run. Who stops it first sets the flag, then moves the epoch on.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, Weak};
use std::thread;
use std::time::{Duration, Instant};

use wasmtime::Engine;

use crate::completion::{Cancel, Stop};
use crate::error::TaskErrorKind;
use crate::limits::Due;
use crate::sandbox::module::TaskModule;
use crate::sync;

/// Stops one task.
pub(crate) struct Interrupt {
    engine: Engine,
    stopped: AtomicBool,
}

impl Interrupt {
    pub(crate) fn new(module: &TaskModule) -> Arc<Self> {
        Arc::new(Self {
            engine: module.inner.timer.engine().clone(),
            stopped: AtomicBool::new(false),
        })
    }

    pub(crate) fn is_stopped(&self) -> bool {
        self.stopped.load(Ordering::SeqCst)
    }
}

impl Stop for Interrupt {
    fn stop(&self) -> bool {
        self.stopped.store(true, Ordering::SeqCst);
        self.engine.increment_epoch();
        true
    }
}

/// Moves a module's epoch on whenever a deadline of one of its guests has come, and ends tasks whose
/// deadline comes while they wait in a queue. Sleeps until the earliest: there is no tick, and
/// without deadlines no thread.
pub(crate) struct Timer {
    engine: Engine,
    shared: Arc<Shared>,
}

struct Shared {
    deadlines: Mutex<Deadlines>,
    changed: Condvar,
}

/// What there is to do at a deadline, beside moving the epoch on.
struct Expiry {
    task: Weak<dyn Cancel>,
    limit: Duration,
}

#[derive(Default)]
struct Deadlines {
    /// With a number that tells equal instants apart.
    queue: BTreeMap<(Instant, u64), Option<Expiry>>,
    next_number: u64,
    running: bool,
    closed: bool,
}

impl Timer {
    pub(crate) fn new(engine: Engine) -> Self {
        Self {
            engine,
            shared: Arc::new(Shared {
                deadlines: Mutex::new(Deadlines::default()),
                changed: Condvar::new(),
            }),
        }
    }

    pub(crate) fn engine(&self) -> &Engine {
        &self.engine
    }

    /// Has the epoch moved on at `deadline`, for as long as the returned guard lives.
    ///
    /// # Errors
    ///
    /// The operating system refused the timer's thread.
    pub(crate) fn arm(&self, deadline: Instant) -> std::io::Result<Armed> {
        self.add(deadline, None)
    }

    /// Has the task ended at its deadline, if it waits in the queue by then and the returned guard
    /// lives.
    ///
    /// # Errors
    ///
    /// As [`arm`](Self::arm).
    pub(crate) fn expire(&self, due: Due, task: Weak<dyn Cancel>) -> std::io::Result<Armed> {
        let limit = due.limit;
        self.add(due.at, Some(Expiry { task, limit }))
    }

    fn add(&self, deadline: Instant, expiry: Option<Expiry>) -> std::io::Result<Armed> {
        let mut deadlines = sync::lock(&self.shared.deadlines);
        if !deadlines.running {
            self.start()?;
            deadlines.running = true;
        }
        let key = (deadline, deadlines.next_number);
        deadlines.next_number += 1;
        deadlines.queue.insert(key, expiry);
        if deadlines
            .queue
            .first_key_value()
            .is_some_and(|(first, _)| *first == key)
        {
            self.shared.changed.notify_one();
        }
        Ok(Armed {
            shared: Arc::clone(&self.shared),
            key,
        })
    }

    fn start(&self) -> std::io::Result<()> {
        let (engine, shared) = (self.engine.clone(), Arc::clone(&self.shared));
        thread::Builder::new()
            .name("sandpool-timer".to_owned())
            .spawn(move || shared.run(&engine))?;
        Ok(())
    }
}

impl Shared {
    fn run(&self, engine: &Engine) {
        let mut deadlines = sync::lock(&self.deadlines);
        while !deadlines.closed {
            let earliest = deadlines.queue.first_entry();
            match earliest {
                Some(due) if due.key().0 <= Instant::now() => {
                    let expiry = due.remove();
                    drop(deadlines);
                    engine.increment_epoch();
                    if let Some(Expiry { task, limit }) = expiry
                        && let Some(task) = task.upgrade()
                    {
                        task.fail_pending(TaskErrorKind::DeadlineExceeded { limit });
                    }
                    deadlines = sync::lock(&self.deadlines);
                }
                earliest => {
                    let until = earliest.map(|due| due.key().0);
                    (deadlines, _) = sync::wait(&self.changed, deadlines, until);
                }
            }
        }
    }
}

impl Drop for Timer {
    fn drop(&mut self) {
        // The thread ends by itself; nobody has to wait for it.
        sync::lock(&self.shared.deadlines).closed = true;
        self.shared.changed.notify_one();
    }
}

/// A registered deadline.
pub(crate) struct Armed {
    shared: Arc<Shared>,
    key: (Instant, u64),
}

impl Drop for Armed {
    fn drop(&mut self) {
        let expiry = sync::lock(&self.shared.deadlines).queue.remove(&self.key);
        // Not under the lock: this may be the last pointer to the task.
        drop(expiry);
    }
}

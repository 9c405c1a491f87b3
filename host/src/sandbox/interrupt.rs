//! Stopping a running guest: because it was cancelled, or because its time is up.
//!
//! Guests look at their engine's epoch at every loop and function entry. When it has moved on, they
//! call back, and the callback looks whether it is this guest that is meant: the epoch belongs to
//! all guests of a module.
//!
//! No step is lost. A guest's sequence is: set the epoch at which it calls back to the next one; look
//! at its flag; register its deadline; run. Who stops it first sets the flag, then moves the epoch on.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::thread;
use std::time::Instant;

use wasmtime::Engine;

use crate::completion::Stop;
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
    fn stop(&self) {
        self.stopped.store(true, Ordering::SeqCst);
        self.engine.increment_epoch();
    }
}

/// Moves a module's epoch on whenever a deadline of one of its guests has come. Sleeps until the
/// earliest: there is no tick, and without deadlines no thread.
pub(crate) struct Timer {
    engine: Engine,
    shared: Arc<Shared>,
}

struct Shared {
    deadlines: Mutex<Deadlines>,
    changed: Condvar,
}

#[derive(Default)]
struct Deadlines {
    /// With a number that tells equal instants apart.
    queue: BTreeSet<(Instant, u64)>,
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
    pub(crate) fn arm(&self, deadline: Instant) -> std::io::Result<Armed<'_>> {
        let mut deadlines = sync::lock(&self.shared.deadlines);
        if !deadlines.running {
            self.start()?;
            deadlines.running = true;
        }
        let number = deadlines.next_number;
        deadlines.next_number += 1;
        deadlines.queue.insert((deadline, number));
        if deadlines.queue.first() == Some(&(deadline, number)) {
            self.shared.changed.notify_one();
        }
        Ok(Armed {
            shared: &self.shared,
            key: (deadline, number),
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
            let earliest = deadlines.queue.first().copied();
            match earliest {
                Some(due) if due.0 <= Instant::now() => {
                    deadlines.queue.remove(&due);
                    engine.increment_epoch();
                }
                _ => {
                    let until = earliest.map(|(deadline, _)| deadline);
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
pub(crate) struct Armed<'a> {
    shared: &'a Shared,
    key: (Instant, u64),
}

impl Drop for Armed<'_> {
    fn drop(&mut self) {
        sync::lock(&self.shared.deadlines).queue.remove(&self.key);
    }
}

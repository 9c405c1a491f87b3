//! A thread that acts when deadlines come. It sleeps until the earliest: there is no tick, and without
//! deadlines no thread.

use std::collections::{BTreeMap, HashMap};
use std::io;
use std::sync::{Arc, Condvar, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use crate::sync;

/// What is done at a deadline; returns after which time it is to be done again, if it is.
type Action = Box<dyn FnMut() -> Option<Duration> + Send>;

/// Keeps deadlines and acts when they come.
pub(crate) struct Alarm {
    name: &'static str,
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    deadlines: Mutex<Deadlines>,
    changed: Condvar,
}

#[derive(Default)]
struct Deadlines {
    /// By time, and by a number that tells equal times apart.
    queue: BTreeMap<(Instant, u64), Action>,
    /// The time of each number: an action that is done again has another one each time.
    times: HashMap<u64, Instant>,
    next_number: u64,
    running: bool,
    closed: bool,
}

impl Alarm {
    /// Returns an alarm whose thread will have this name.
    pub(crate) fn new(name: &'static str) -> Self {
        Self {
            name,
            shared: Arc::default(),
        }
    }

    /// Has `action` done at `deadline`, for as long as the returned guard lives.
    ///
    /// # Errors
    ///
    /// The operating system refused the alarm's thread.
    pub(crate) fn set(
        &self,
        deadline: Instant,
        action: impl FnMut() -> Option<Duration> + Send + 'static,
    ) -> io::Result<Armed> {
        let mut deadlines = sync::lock(&self.shared.deadlines);
        if !deadlines.running {
            let shared = Arc::clone(&self.shared);
            thread::Builder::new()
                .name(self.name.to_owned())
                .spawn(move || shared.run())?;
            deadlines.running = true;
        }
        let number = deadlines.next_number;
        deadlines.next_number += 1;
        deadlines.times.insert(number, deadline);
        deadlines.queue.insert((deadline, number), Box::new(action));
        let first = deadlines.queue.first_key_value();
        if first.is_some_and(|(key, _)| *key == (deadline, number)) {
            self.shared.changed.notify_one();
        }
        Ok(Armed {
            shared: Arc::clone(&self.shared),
            number,
        })
    }
}

impl Shared {
    fn run(&self) {
        let mut deadlines = sync::lock(&self.deadlines);
        while !deadlines.closed {
            let until = match deadlines.queue.first_entry() {
                Some(due) if due.key().0 <= Instant::now() => {
                    let ((_, number), mut action) = due.remove_entry();
                    drop(deadlines);
                    let again = action();
                    deadlines = sync::lock(&self.deadlines);
                    deadlines.set_again(number, again, action);
                    continue;
                }
                earliest => earliest.map(|due| due.key().0),
            };
            (deadlines, _) = sync::wait(&self.changed, deadlines, until);
        }
    }
}

impl Deadlines {
    /// Puts an action back that is to be done again, unless its guard was dropped meanwhile.
    fn set_again(&mut self, number: u64, again: Option<Duration>, action: Action) {
        let next = again.and_then(|after| Instant::now().checked_add(after));
        if let (Some(time), Some(next)) = (self.times.get_mut(&number), next) {
            *time = next;
            self.queue.insert((next, number), action);
        }
    }
}

impl Drop for Alarm {
    fn drop(&mut self) {
        // The thread ends by itself; nobody has to wait for it.
        sync::lock(&self.shared.deadlines).closed = true;
        self.shared.changed.notify_one();
    }
}

/// A deadline that is kept.
pub(crate) struct Armed {
    shared: Arc<Shared>,
    number: u64,
}

impl Drop for Armed {
    fn drop(&mut self) {
        let mut deadlines = sync::lock(&self.shared.deadlines);
        let time = deadlines.times.remove(&self.number);
        let action = time.and_then(|time| deadlines.queue.remove(&(time, self.number)));
        drop(deadlines);
        // Not under the lock: it may hold the last pointer to something.
        drop(action);
    }
}

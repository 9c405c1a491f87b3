//! Stands for the library's `sync`: the same names, with shuttle behind them.

pub(crate) use shuttle::sync::atomic::{AtomicBool, AtomicIsize, AtomicUsize, Ordering};
pub(crate) use shuttle::sync::{Condvar, Mutex, MutexGuard};
pub(crate) use shuttle::{thread, thread_local};

use std::collections::VecDeque;
use std::sync::{Arc, PoisonError};
use std::time::Instant;

pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// There is no time in a model: a deadline is one that never comes, or one that has come.
pub(crate) fn wait<'a, T>(
    changed: &Condvar,
    guard: MutexGuard<'a, T>,
    deadline: Option<Instant>,
) -> (MutexGuard<'a, T>, bool) {
    if deadline.is_some() {
        return (guard, false);
    }
    (
        changed.wait(guard).unwrap_or_else(PoisonError::into_inner),
        true,
    )
}

/// Stands for crossbeam's unbounded channel, which is tested where it is made.
pub(crate) fn unbounded<T>() -> (Sender<T>, Receiver<T>) {
    let channel = Arc::new(Channel {
        queue: Mutex::new((VecDeque::new(), true)),
        changed: Condvar::new(),
    });
    (Sender(Arc::clone(&channel)), Receiver(channel))
}

struct Channel<T> {
    /// The messages, and whether there is a sender.
    queue: Mutex<(VecDeque<T>, bool)>,
    changed: Condvar,
}

pub(crate) struct Sender<T>(Arc<Channel<T>>);

impl<T> Sender<T> {
    pub(crate) fn send(&self, message: T) -> Result<(), T> {
        lock(&self.0.queue).0.push_back(message);
        self.0.changed.notify_one();
        Ok(())
    }
}

impl<T> Drop for Sender<T> {
    fn drop(&mut self) {
        lock(&self.0.queue).1 = false;
        self.0.changed.notify_all();
    }
}

pub(crate) struct Receiver<T>(Arc<Channel<T>>);

impl<T> Receiver<T> {
    pub(crate) fn recv(&self) -> Result<T, ()> {
        let mut queue = lock(&self.0.queue);
        loop {
            if let Some(message) = queue.0.pop_front() {
                return Ok(message);
            }
            if !queue.1 {
                return Err(());
            }
            (queue, _) = wait(&self.0.changed, queue, None);
        }
    }

    pub(crate) fn try_iter(&self) -> impl Iterator<Item = T> {
        std::iter::from_fn(|| lock(&self.0.queue).0.pop_front())
    }

    pub(crate) fn len(&self) -> usize {
        lock(&self.0.queue).0.len()
    }
}

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

/// Looks once: in a model, who looks again and again keeps the others from doing anything.
pub(crate) fn spin<T>(mut look: impl FnMut() -> Option<T>) -> Option<T> {
    look()
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
    });
    (Sender(Arc::clone(&channel)), Receiver(channel))
}

struct Channel<T> {
    /// The messages, and whether there is a sender.
    queue: Mutex<(VecDeque<T>, bool)>,
}

pub(crate) struct Sender<T>(Arc<Channel<T>>);

impl<T> Sender<T> {
    pub(crate) fn send(&self, message: T) -> Result<(), T> {
        lock(&self.0.queue).0.push_back(message);
        Ok(())
    }
}

impl<T> Drop for Sender<T> {
    fn drop(&mut self) {
        lock(&self.0.queue).1 = false;
    }
}

pub(crate) struct Receiver<T>(Arc<Channel<T>>);

impl<T> Receiver<T> {
    pub(crate) fn try_iter(&self) -> impl Iterator<Item = T> {
        std::iter::from_fn(|| lock(&self.0.queue).0.pop_front())
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.len() == 0
    }

    pub(crate) fn len(&self) -> usize {
        lock(&self.0.queue).0.len()
    }
}

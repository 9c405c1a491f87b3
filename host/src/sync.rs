//! What this crate uses to run and to wait: threads, locks, atomics, the queue. Only from here, so that
//! the models in `tests/models` can put a scheduler of theirs in its place.
//!
//! Locks go on after a panic: every critical section of this crate leaves its data whole.

pub(crate) use std::sync::atomic::{AtomicBool, AtomicIsize, AtomicUsize, Ordering};
pub(crate) use std::sync::{Condvar, Mutex, MutexGuard};
pub(crate) use std::{thread, thread_local};

pub(crate) use crossbeam_channel::{Receiver, Sender, unbounded};

use std::sync::PoisonError;
use std::time::Instant;

pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Waits for a notification, until `deadline` if there is one. Returns without one, too: callers
/// check their condition in a loop. The flag says whether there is time left.
pub(crate) fn wait<'a, T>(
    changed: &Condvar,
    guard: MutexGuard<'a, T>,
    deadline: Option<Instant>,
) -> (MutexGuard<'a, T>, bool) {
    let Some(deadline) = deadline else {
        let guard = changed.wait(guard).unwrap_or_else(PoisonError::into_inner);
        return (guard, true);
    };
    let left = deadline.saturating_duration_since(Instant::now());
    if left.is_zero() {
        return (guard, false);
    }
    let (guard, _) = changed
        .wait_timeout(guard, left)
        .unwrap_or_else(PoisonError::into_inner);
    (guard, true)
}

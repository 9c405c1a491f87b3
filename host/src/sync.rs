//! What this crate uses to run and to wait: threads, locks, atomics, the queue. Only from here, so that
//! the models in `tests/models` can put a scheduler of theirs in its place.
//!
//! Locks go on after a panic: every critical section of this crate leaves its data whole.

pub(crate) use std::sync::atomic::{AtomicBool, AtomicIsize, AtomicUsize, Ordering};
pub(crate) use std::sync::{Condvar, Mutex, MutexGuard};
pub(crate) use std::{thread, thread_local};

pub(crate) use crossbeam_channel::{Receiver, Sender, unbounded};

use std::sync::{LazyLock, PoisonError};
use std::time::Instant;

use crate::settings::processors;

pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Looks for something for about as long as it takes to put a thread to sleep and to wake it, and returns it
/// if it comes. A thread that is to run meanwhile is let run.
pub(crate) fn spin<T>(mut look: impl FnMut() -> Option<T>) -> Option<T> {
    const SPINS: usize = 200;
    const YIELDS: usize = 40;
    if !several_processors() {
        return None;
    }
    for spin in 0..SPINS + YIELDS {
        let found = look();
        if found.is_some() {
            return found;
        }
        match spin < SPINS {
            true => std::hint::spin_loop(),
            false => thread::yield_now(),
        }
    }
    None
}

/// Whether somebody can do something while this thread looks for it.
fn several_processors() -> bool {
    static SEVERAL: LazyLock<bool> = LazyLock::new(|| processors() > 1);
    *SEVERAL
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

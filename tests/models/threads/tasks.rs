//! One task: its outcome, its callbacks, its cancellation.

use std::panic::panic_any;
use std::sync::mpsc::channel;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use crate::cancel_token::CancelToken;
use crate::error::TaskErrorKind;
use crate::map_options::MapOptions;
use crate::thread_pool::ThreadPool;
use crate::wait::{WaitFor, wait};

/// Panics when it is dropped.
pub(crate) struct Bomb;

impl Drop for Bomb {
    fn drop(&mut self) {
        panic!("a bomb was dropped");
    }
}

#[test]
fn a_value_is_handed_over_and_what_the_closure_holds_is_dropped() {
    let pool = ThreadPool::new(2).unwrap();
    let held = Arc::new("held".to_owned());
    let holds = Arc::clone(&held);
    let handle = pool.submit(move || holds.to_uppercase()).unwrap();
    assert_eq!(handle.join().unwrap(), "HELD");
    drop(pool);
    assert_eq!(Arc::strong_count(&held), 1);
}

#[test]
fn a_panic_is_the_error_of_its_task_and_has_a_place() {
    let pool = ThreadPool::new(1).unwrap();
    let error = pool.submit(|| panic!("no {}", 1)).unwrap().join();
    let error = error.unwrap_err();
    let TaskErrorKind::Panicked(panic) = error.kind() else {
        panic!("{error:?}");
    };
    assert_eq!(panic.message, "no 1");
    assert!(panic.place.as_ref().unwrap().file.ends_with("tasks.rs"));
}

#[test]
fn what_a_closure_panics_with_may_panic_when_it_is_dropped() {
    let pool = ThreadPool::new(1).unwrap();
    let error = pool.submit(|| panic_any(Bomb)).unwrap().join().unwrap_err();
    assert!(
        matches!(error.kind(), TaskErrorKind::Panicked(_)),
        "{error}"
    );
    let bomb_of_two = |n| if n == 2 { panic_any(Bomb) } else { n };
    let map = pool.map_with(bomb_of_two, 1..=3, MapOptions::new().chunk(3));
    assert_eq!(
        map.unwrap().map(Result::ok).collect::<Vec<_>>(),
        [Some(1), None, Some(3)]
    );
}

#[test]
fn a_handle_comes_back_from_a_join_that_is_too_early() {
    let pool = ThreadPool::new(1).unwrap();
    let (open, gate) = channel();
    let handle = pool.submit(move || gate.recv().unwrap()).unwrap();
    let handle = handle.try_join().unwrap_err().into_handle();
    let handle = handle.join_timeout(Duration::from_millis(1)).unwrap_err();
    open.send(42).unwrap();
    assert_eq!(handle.into_handle().join().unwrap(), 42);
}

#[test]
fn a_task_that_is_cancelled_in_the_queue_is_dropped_at_once() {
    let pool = ThreadPool::new(1).unwrap();
    let (open, gate) = channel::<()>();
    let running = pool.submit(move || gate.recv().is_err()).unwrap();
    let held = Arc::new(());
    let holds = Arc::clone(&held);
    let waiting = pool.submit(move || drop(holds)).unwrap();
    let canceller = waiting.cancel_handle();
    assert!(thread::spawn(move || canceller.cancel()).join().unwrap());
    assert_eq!(Arc::strong_count(&held), 1);
    assert!(waiting.join().unwrap_err().is_cancelled());
    drop(open);
    assert!(running.join().unwrap());
}

#[test]
fn a_closure_that_runs_is_told_that_it_is_cancelled() {
    let pool = ThreadPool::new(1).unwrap();
    let (started, has_started) = channel();
    let handle = pool.submit_cancellable(move |token: &CancelToken| {
        started.send(()).unwrap();
        while !token.is_cancelled() {
            thread::yield_now();
        }
        42
    });
    let handle = handle.unwrap();
    has_started.recv().unwrap();
    assert!(!handle.cancel());
    assert_eq!(handle.join().unwrap(), 42);
}

#[test]
fn the_canceller_and_the_worker_agree_on_who_was_first() {
    let pool = ThreadPool::new(1).unwrap();
    for n in 0..3 {
        let handle = pool.submit(move || vec![n]).unwrap();
        let canceller = handle.cancel_handle();
        let cancel = thread::spawn(move || canceller.cancel());
        let outcome = handle.join();
        assert_eq!(cancel.join().unwrap(), outcome.is_err());
        assert!(outcome.is_err() || outcome.unwrap() == [n]);
    }
}

#[test]
fn callbacks_see_the_outcome_in_turn_and_one_that_panics_stops_no_other() {
    let pool = ThreadPool::new(1).unwrap();
    let (open, gate) = channel::<()>();
    let handle = pool.submit(move || gate.recv().is_ok()).unwrap();
    let seen = Arc::new(Mutex::new(Vec::new()));
    let see = |number: usize| {
        let seen = Arc::clone(&seen);
        move |outcome: &Result<bool, _>| {
            assert_ne!(number, 1, "the one that panics");
            seen.lock().unwrap().push((number, outcome.is_ok()));
        }
    };
    for number in 0..3 {
        handle.on_finish(see(number));
    }
    open.send(()).unwrap();
    while !handle.is_finished() {
        thread::yield_now();
    }
    // While the worker is at the others, or after them.
    handle.on_finish(see(3));
    assert!(handle.join().unwrap());
    assert_eq!(*seen.lock().unwrap(), [(0, true), (2, true), (3, true)]);
}

#[test]
fn a_value_that_nobody_took_harms_no_worker_that_finds_it_in_the_queue() {
    let pool = Arc::new(ThreadPool::new(1).unwrap());
    let own = Arc::clone(&pool);
    let outer = pool.submit(move || {
        let inner = own.submit(|| Bomb).unwrap();
        // Run here; its place is in the queue still, and has its value alone when the handle is dropped.
        let waited = wait([inner], WaitFor::All, None);
        assert_eq!(waited.done.len(), 1);
    });
    outer.unwrap().join().unwrap();
    let next = pool.submit(|| 42).unwrap();
    let next = next.join_timeout(Duration::from_secs(60));
    assert_eq!(next.unwrap().unwrap(), 42);
}

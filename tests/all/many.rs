//! A hundred thousand handles at once. Nothing here is timed: where the work for one task grew with
//! the number of all, these tests would take many minutes instead of seconds.

use std::sync::Arc;
use std::time::Duration;

use sandpool::{Shutdown, TaskHandle, ThreadPool, WaitFor, as_completed, wait};
use sandpool_tests::{AnyPool, Busy};

const MANY: u32 = 100_000;

/// A pool whose only worker is busy, and many closures behind that.
fn many() -> (ThreadPool, Busy, Vec<TaskHandle<u32>>) {
    let pool = ThreadPool::new(1).unwrap();
    let busy = AnyPool::busy(&pool);
    let handles = (0..MANY).map(|n| pool.submit(move || n).unwrap()).collect();
    (pool, busy, handles)
}

fn are_all(handles: impl IntoIterator<Item = TaskHandle<u32>>) -> bool {
    handles
        .into_iter()
        .map(|handle| handle.join().unwrap())
        .eq(0..MANY)
}

/// Conformance: 53 (threads)
#[test]
fn wait_for_all_of_many_that_end_meanwhile_or_have_ended() {
    let (_pool, busy, handles) = many();
    let waiter = std::thread::spawn(|| wait(handles, WaitFor::All, None));
    drop(busy);
    let waited = waiter.join().unwrap();
    assert_eq!(
        (waited.done.len(), waited.pending.len()),
        (MANY as usize, 0)
    );
    let again = wait(waited.done, WaitFor::All, None);
    let again = wait(again.done, WaitFor::FirstFailed, None);
    assert!(are_all(again.done));
}

/// Conformance: 59 (threads)
#[test]
fn as_completed_over_many_that_end_meanwhile_or_have_ended() {
    let (pool, busy, handles) = many();
    let drainer = std::thread::spawn(|| are_all(as_completed(handles)));
    drop(busy);
    assert!(
        drainer.join().unwrap(),
        "one worker ends them in their order"
    );

    let (_pool, busy, handles) = many();
    drop((busy, pool));
    assert!(are_all(as_completed(handles)));
}

/// Conformance: 50 (threads)
#[test]
fn wait_for_the_first_of_many_again_and_again() {
    let (pool, busy, mut pending) = many();
    for left in (MANY as usize - 200..MANY as usize).rev() {
        assert!(pending[left / 2].cancel());
        let waited = wait(pending, WaitFor::FirstCompleted, None);
        assert_eq!((waited.done.len(), waited.pending.len()), (1, left));
        pending = waited.pending;
    }
    // A look that finds nothing takes its registration back.
    for _ in 0..20 {
        pending = wait(pending, WaitFor::FirstCompleted, Some(Duration::ZERO)).pending;
    }
    assert_eq!(pending.len(), MANY as usize - 200);
    pool.shutdown_timeout(Shutdown::CancelPending, Duration::ZERO);
    assert!(wait(pending, WaitFor::All, None).pending.is_empty());
    drop(busy);
}

/// Conformance: B7 (threads)
#[test]
fn waiting_for_many_inside_their_own_worker() {
    let pool = Arc::new(ThreadPool::new(1).unwrap());
    let own = Arc::clone(&pool);
    let outer = pool.submit(move || {
        let many = || (0..MANY).map(|n| own.submit(move || n).unwrap());
        let waited = wait(many(), WaitFor::All, None);
        are_all(waited.done) && are_all(as_completed(many()))
    });
    assert!(outer.unwrap().join().unwrap());
}

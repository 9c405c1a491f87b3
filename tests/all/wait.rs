//! Waiting for several tasks at once.

use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use fault_tasks as tasks;
use sandpool::{Limits, ThreadPool, WaitFor, Waited, as_completed, wait};
use sandpool_tests::{AnyPool, Busy, LONG, on_both_pools, pool};

fn counts<H>(waited: &Waited<H>) -> (usize, usize) {
    (waited.done.len(), waited.pending.len())
}

/// Conformance: 50 (both)
#[test]
fn wait_returns_at_the_first_completion_and_at_once_after_one() {
    on_both_pools(2, |pool| {
        let [first, second] = [pool.busy(), pool.busy()];
        thread::scope(|scope| {
            let waiter = scope.spawn(|| wait([&first, &second], WaitFor::FirstCompleted, None));
            second.release();
            let waited = waiter.join().unwrap();
            assert_eq!(counts(&waited), (1, 1));
            assert!(std::ptr::eq(waited.done[0], &second));
        });
        let waited = wait([&first, &second], WaitFor::FirstCompleted, None);
        assert_eq!(counts(&waited), (1, 1));
        first.release();
        let waited = wait(waited.pending, WaitFor::All, Some(LONG));
        assert_eq!(counts(&waited), (1, 0));
    });
}

/// Conformance: 51 (both)
#[test]
fn wait_returns_at_the_first_failure_and_not_at_a_cancellation() {
    on_both_pools(1, |pool| {
        let busy = pool.busy();
        let handles = [
            pool.number(1),
            pool.failing(),
            pool.number(3),
            pool.number(4),
        ];
        assert!(handles[3].cancel());
        let (release, released) = mpsc::channel::<()>();
        // Keeps the worker from what follows.
        handles[1].on_finish(move |_| _ = released.recv());
        let waiter = thread::spawn(|| wait(handles, WaitFor::FirstFailed, None));
        drop(busy);
        let waited = waiter.join().unwrap();
        assert_eq!(counts(&waited), (3, 1));
        let all = waited.done.into_iter().chain(waited.pending);
        let waited = wait(all, WaitFor::FirstFailed, None);
        assert_eq!(counts(&waited), (3, 1), "it has failed already");
        drop(release);
        let [third] = <[_; 1]>::try_from(waited.pending).unwrap();
        assert_eq!(third.join().unwrap(), 3);
    });
}

/// Conformance: 51 (threads)
#[test]
fn a_failure_is_seen_while_its_callbacks_run() {
    let pool = ThreadPool::new(2).unwrap();
    let (release_other, other_released) = mpsc::channel::<()>();
    let other = pool.submit(move || usize::from(other_released.recv().is_err()));
    let (begin, begun) = mpsc::channel::<()>();
    let failing = pool.submit(move || -> usize {
        let _ = begun.recv();
        panic!("a task that fails")
    });
    let failing = failing.unwrap();
    let (release, released) = mpsc::channel::<()>();
    failing.on_finish(move |_| {
        let _ = released.recv();
    });
    drop(begin);
    let waited = wait([other.unwrap(), failing], WaitFor::FirstFailed, Some(LONG));
    assert_eq!(counts(&waited), (1, 1));
    drop((release, release_other));
}

/// Conformance: 52 (both)
#[test]
fn wait_for_the_first_failure_without_one_waits_for_all() {
    on_both_pools(2, |pool| {
        let handles: Vec<_> = (0..10).map(|n| pool.number(n)).collect();
        let waited = wait(handles, WaitFor::FirstFailed, Some(LONG));
        assert_eq!(counts(&waited), (10, 0));
        let numbers = waited.done.into_iter().map(|handle| handle.join().unwrap());
        assert!(numbers.eq(0..10), "in the order of the handles");
    });
}

/// Conformance: 53 (both)
#[test]
fn wait_for_all_does_not_end_at_a_failure() {
    on_both_pools(1, |pool| {
        let busy = pool.busy();
        let handles = [pool.number(1), pool.failing(), pool.number(3)];
        drop(busy);
        let waited = wait(handles, WaitFor::All, Some(LONG));
        assert_eq!(counts(&waited), (3, 0));
        let values = waited.done.into_iter().map(|handle| handle.join().ok());
        assert!(values.eq([Some(1), None, Some(3)]));
    });
}

/// Conformance: 54 (both)
#[test]
fn wait_that_runs_out_of_time_is_no_error() {
    on_both_pools(2, |pool| {
        let [first, second] = [pool.busy(), pool.busy()];
        let waited = wait([&first, &second], WaitFor::All, Some(Duration::ZERO));
        assert_eq!(counts(&waited), (0, 2));
        second.release();
        let waited = wait([&first, &second], WaitFor::FirstCompleted, Some(LONG));
        assert_eq!(counts(&waited), (1, 1));
        let brief = Some(Duration::from_millis(1));
        let waited = wait([&first, &second], WaitFor::All, brief);
        assert_eq!(counts(&waited), (1, 1));
        assert!(std::ptr::eq(waited.pending[0], &first));
    });
}

/// Conformance: 55 (both)
#[test]
fn a_hundred_tasks_that_end_together_are_all_noticed() {
    on_both_pools(4, |pool| {
        for _ in 0..10 {
            let busy: Vec<Busy> = (0..4).map(|_| pool.busy()).collect();
            let queued = || (0..50).map(|n| pool.number(n)).collect::<Vec<_>>();
            let (waited, drained) = (queued(), queued());
            thread::scope(|scope| {
                let waiter = scope.spawn(|| wait(waited, WaitFor::All, Some(LONG)));
                let drainer = scope.spawn(|| as_completed(drained).count());
                drop(busy);
                assert_eq!(counts(&waiter.join().unwrap()), (50, 0));
                assert_eq!(drainer.join().unwrap(), 50);
            });
        }
    });
}

/// Conformance: 49 (both)
#[test]
fn a_handle_that_is_given_twice_is_waited_for_once() {
    on_both_pools(2, |pool| {
        let [first, second] = [pool.busy(), pool.busy()];
        let twice = || [&first, &second, &first];
        first.release();
        let waited = wait(twice(), WaitFor::FirstCompleted, Some(LONG));
        assert_eq!(counts(&waited), (2, 1));
        second.release();
        let waited = wait(twice(), WaitFor::All, Some(LONG));
        assert_eq!(counts(&waited), (3, 0));
    });
}

/// Conformance: 51, 56 (both)
#[test]
fn handles_of_both_kinds_of_pool_are_waited_for_in_one_call() {
    let threads = ThreadPool::new(2).unwrap();
    let processes = pool(2, Limits::new());
    let (on_thread, in_sandbox) = (AnyPool::busy(&threads), processes.busy());
    let both = || [&on_thread, &in_sandbox];
    assert_eq!(
        counts(&wait(both(), WaitFor::All, Some(Duration::ZERO))),
        (0, 2)
    );
    on_thread.release();
    let waited = wait(both(), WaitFor::FirstCompleted, Some(LONG));
    assert!(std::ptr::eq(waited.done[0], &on_thread) && waited.pending.len() == 1);
    in_sandbox.release();
    assert_eq!(counts(&wait(both(), WaitFor::All, Some(LONG))), (2, 0));

    let numbers = [threads.number(1), processes.number(2)];
    let sum: u32 = as_completed(numbers)
        .map(|handle| handle.join().unwrap())
        .sum();
    assert_eq!(sum, 3);
    let endless = processes.submit(tasks::spin_as_number, 0).unwrap();
    let canceller = endless.cancel_handle();
    let waited = wait(
        [endless, threads.failing()],
        WaitFor::FirstFailed,
        Some(LONG),
    );
    assert_eq!(counts(&waited), (1, 1));
    assert!(canceller.cancel());
}

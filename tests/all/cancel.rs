//! Cancelling: one step, seen by every waiter at once.

use std::sync::mpsc;

use fault_tasks as tasks;
use sandpool::{Limits, Shutdown, ThreadPool, WaitFor, as_completed, wait};
use sandpool_tests::{LONG, on_both_pools, pool};

/// Conformance: 2, B1 (threads)
#[test]
fn cancelling_a_queued_closure_prevents_it_from_starting() {
    let pool = ThreadPool::new(1).unwrap();
    let (release, released) = mpsc::channel::<()>();
    let busy = pool.submit(move || released.recv().is_err()).unwrap();
    let (start, started) = mpsc::channel();
    let queued = pool.submit(move || start.send(()).unwrap()).unwrap();
    assert!(queued.cancel());
    assert!(queued.cancel(), "a second time it is cancelled still");
    assert!(queued.is_cancelled() && queued.is_finished());
    // Seen while the only worker is busy.
    assert!(queued.join().unwrap_err().is_cancelled());
    drop(release);
    assert!(busy.join().unwrap());
    pool.shutdown(Shutdown::Finish);
    assert!(started.recv().is_err(), "the closure was dropped, not run");
}

/// Conformance: 3 (threads)
#[test]
fn a_closure_that_runs_is_not_cancelled() {
    let pool = ThreadPool::new(1).unwrap();
    let (begin, begun) = mpsc::channel();
    let (release, released) = mpsc::channel::<()>();
    let running = pool.submit(move || {
        begin.send(()).unwrap();
        released.recv().is_err()
    });
    let running = running.unwrap();
    begun.recv_timeout(LONG).unwrap();
    assert!(!running.cancel());
    assert!(running.is_running());
    drop(release);
    assert!(running.join().unwrap());
}

/// Conformance: 2 (both)
#[test]
fn a_queued_task_is_cancelled_and_stays_so() {
    on_both_pools(1, |pool| {
        let busy = pool.busy();
        let queued = pool.number(1);
        assert!(queued.cancel());
        assert!(queued.cancel());
        drop(busy);
        pool.shutdown(Shutdown::Finish);
        assert!(queued.cancel() && queued.cancel_handle().cancel());
        assert!(queued.join().unwrap_err().is_cancelled());
    });
}

/// Conformance: 4 (both)
#[test]
fn cancelling_a_finished_task_changes_nothing() {
    on_both_pools(1, |pool| {
        let handles = [pool.number(2), pool.failing()];
        let waited = wait(handles, WaitFor::All, Some(LONG));
        for handle in &waited.done {
            assert!(!handle.cancel() && !handle.cancel_handle().cancel());
            assert!(!handle.is_cancelled());
        }
        let [value, failed] = <[_; 2]>::try_from(waited.done).unwrap();
        assert_eq!(value.join().unwrap(), 2);
        assert!(!failed.join().unwrap_err().is_cancelled());
    });
}

/// Conformance: 3, B2 (processes)
#[test]
fn cancelling_a_running_guest_stops_it_and_frees_the_worker() {
    let pool = pool(1, Limits::new());
    let spinning = pool.submit(tasks::spin, ()).unwrap();
    let canceller = spinning.cancel_handle();
    let next = pool.submit(tasks::add, (1, 1)).unwrap();
    while !spinning.is_running() {
        std::thread::yield_now();
    }
    assert!(!canceller.is_finished());
    assert!(canceller.cancel());
    assert!(canceller.is_finished());
    assert!(spinning.join().unwrap_err().is_cancelled());
    // The only worker gets to it: the guest really is stopped.
    assert_eq!(next.join_timeout(LONG).unwrap().unwrap(), 2);
}

/// Conformance: B1 (threads)
#[test]
fn every_waiter_sees_a_cancellation_at_once() {
    let pool = ThreadPool::new(1).unwrap();
    let (release, released) = mpsc::channel::<()>();
    let busy = pool.submit(move || released.recv().is_err()).unwrap();
    let queued: Vec<_> = (0..3).map(|_| pool.submit(|| ()).unwrap()).collect();
    let cancellers: Vec<_> = queued.iter().map(|handle| handle.cancel_handle()).collect();
    let waiter = std::thread::spawn(move || {
        let waited = wait(queued, WaitFor::All, Some(LONG));
        as_completed(waited.done)
            .map(|handle| handle.join().unwrap_err().is_cancelled())
            .collect::<Vec<_>>()
    });
    assert!(cancellers.iter().all(sandpool::CancelHandle::cancel));
    assert_eq!(waiter.join().unwrap(), [true; 3]);
    drop(release);
    assert!(busy.join().unwrap());
}

/// Conformance: B2 (processes)
#[test]
fn no_cancellation_of_neighbours_is_lost() {
    let pool = pool(2, Limits::new());
    for _ in 0..1000 {
        let pair = [(), ()].map(|()| pool.submit(tasks::spin, ()).unwrap());
        while !pair.iter().all(|handle| handle.is_running()) {
            std::thread::yield_now();
        }
        // The first step brings the second guest to look, and it must not miss its own.
        assert!(pair.iter().all(|handle| handle.cancel()));
    }
    // Both workers are free: each of two tasks has one.
    let pair = [(), ()].map(|()| pool.submit(tasks::spin, ()).unwrap());
    while !pair.iter().all(|handle| handle.is_running()) {
        std::thread::yield_now();
    }
    assert!(pair.iter().all(|handle| handle.cancel()));
    assert!(pool.shutdown_timeout(Shutdown::Finish, LONG));
}

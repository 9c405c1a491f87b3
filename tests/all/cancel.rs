//! Cancelling: one step, seen by every waiter at once.

use std::sync::mpsc;

use fault_tasks as tasks;
use sandpool::{Limits, Shutdown, ThreadPool, WaitFor, as_completed, wait};
use sandpool_tests::{LONG, pool};

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

#[test]
fn cancelling_a_finished_task_changes_nothing() {
    let pool = pool(1, Limits::new());
    let handle = pool.submit(tasks::add, (1, 1)).unwrap();
    let waited = wait([handle], WaitFor::All, None);
    let handle = waited.done.into_iter().next().unwrap();
    assert!(!handle.cancel());
    assert!(!handle.cancel_handle().cancel());
    assert_eq!(handle.join().unwrap(), 2);
}

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

//! Ways in which CPython's waiters hang on cancelled futures: there, a cancelled future is only told
//! of when a worker comes to it. Here, no worker ever does: all are busy to the end of each test.

use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use sandpool::{TaskHandle, WaitFor, as_completed, wait};
use sandpool_tests::{AnyPool, Busy, LONG, on_both_pools};

const WORKERS: usize = 2;
const TASKS: u32 = 10;

fn all_busy(pool: &dyn AnyPool) -> [Busy; WORKERS] {
    [(); WORKERS].map(|()| pool.busy())
}

fn queued(pool: &dyn AnyPool) -> Vec<TaskHandle<u32>> {
    (0..TASKS).map(|n| pool.number(n)).collect()
}

fn are_cancelled(handles: Vec<TaskHandle<u32>>) -> bool {
    let mut outcomes = handles.into_iter().map(|handle| handle.try_join().unwrap());
    outcomes.len() == TASKS as usize && outcomes.all(|outcome| outcome.unwrap_err().is_cancelled())
}

/// CPython #92001: `as_completed` and `wait` hang when a future is cancelled while they wait for it.
///
/// Conformance: B1 (both)
#[test]
fn issue_92001_a_task_cancelled_while_it_is_waited_for_is_noticed() {
    on_both_pools(WORKERS, |pool| {
        let busy = all_busy(&*pool);
        let (first, second) = (queued(&*pool), queued(&*pool));
        let cancellers = first.iter().chain(&second).map(TaskHandle::cancel_handle);
        let cancellers: Vec<_> = cancellers.collect();
        let (begin, begun) = mpsc::channel();
        thread::scope(|scope| {
            let waits = begin.clone();
            let waiter = scope.spawn(move || {
                waits.send(()).unwrap();
                wait(first, WaitFor::All, Some(LONG)).done
            });
            let drainer = scope.spawn(move || {
                let mut completed = as_completed(second);
                begin.send(()).unwrap();
                let next = || completed.next_timeout(LONG).unwrap();
                std::iter::from_fn(next).collect::<Vec<_>>()
            });
            begun.recv_timeout(LONG).unwrap();
            begun.recv_timeout(LONG).unwrap();
            assert!(cancellers.iter().all(sandpool::CancelHandle::cancel));
            assert!(are_cancelled(waiter.join().unwrap()));
            assert!(are_cancelled(drainer.join().unwrap()));
        });
        assert!(busy.iter().all(|busy| busy.handle().is_running()));
    });
}

/// CPython #109934: waiters see the cancellation of a pending future only when a worker picks it.
///
/// Conformance: B1 (both)
#[test]
fn issue_109934_a_cancelled_task_needs_no_worker_to_be_seen() {
    on_both_pools(WORKERS, |pool| {
        let busy = all_busy(&*pool);
        let handles = queued(&*pool);
        let (tell, told) = mpsc::channel();
        for handle in &handles {
            let tell = tell.clone();
            handle.on_finish(move |outcome| {
                let cancelled = outcome.as_ref().unwrap_err().is_cancelled();
                tell.send(cancelled).unwrap();
            });
        }
        assert!(handles.iter().all(TaskHandle::cancel));
        // The callbacks have run, on this thread.
        assert_eq!(told.try_iter().filter(|cancelled| *cancelled).count(), 10);
        let waited = wait(handles, WaitFor::All, Some(Duration::ZERO));
        assert!(waited.pending.is_empty());
        assert!(are_cancelled(waited.done));
        assert!(busy.iter().all(|busy| busy.handle().is_running()));
    });
}

/// CPython #87893: `wait` and `as_completed` hang on a future that another thread cancels when no
/// worker ever takes it.
///
/// Conformance: B1 (both)
#[test]
fn issue_87893_a_task_cancelled_from_another_thread_ends_every_kind_of_waiting() {
    on_both_pools(WORKERS, |pool| {
        let busy = all_busy(&*pool);
        let [joined, awaited, waited, drained] = [1, 2, 3, 4].map(|n| pool.number(n));
        let all = [&joined, &awaited, &waited, &drained];
        let cancellers = all.map(TaskHandle::cancel_handle);
        let runtime = tokio::runtime::Builder::new_multi_thread();
        let runtime = { runtime }.worker_threads(1).build().unwrap();
        let awaited = runtime.spawn(awaited);
        thread::scope(|scope| {
            let joiner = scope.spawn(|| joined.join_timeout(LONG).unwrap());
            let waiter = scope.spawn(|| wait([waited], WaitFor::FirstCompleted, Some(LONG)));
            let drainer = scope.spawn(|| as_completed([drained]).next_timeout(LONG));
            let canceller = scope.spawn(move || cancellers.map(|canceller| canceller.cancel()));
            assert_eq!(canceller.join().unwrap(), [true; 4]);
            let joined = joiner.join().unwrap();
            let awaited = runtime.block_on(awaited).unwrap();
            let [waited] = <[_; 1]>::try_from(waiter.join().unwrap().done).unwrap();
            let drained = drainer.join().unwrap().unwrap().unwrap();
            let outcomes = [joined, awaited, waited.join(), drained.join()];
            assert!(
                outcomes
                    .into_iter()
                    .all(|outcome| outcome.unwrap_err().is_cancelled())
            );
        });
        assert!(busy.iter().all(|busy| busy.handle().is_running()));
    });
}

/// CPython #136655: `as_completed` and `wait` hang on futures that were cancelled, and not yet
/// notified of by a worker, before they are called.
///
/// Conformance: B1 (both)
#[test]
fn issue_136655_tasks_cancelled_before_the_waiting_begins_end_it() {
    on_both_pools(WORKERS, |pool| {
        let busy = all_busy(&*pool);
        let (first, second, third) = (queued(&*pool), queued(&*pool), queued(&*pool));
        let all = first.iter().chain(&second).chain(&third);
        assert_eq!(all.filter(|handle| handle.cancel()).count(), 30);
        assert!(are_cancelled(wait(first, WaitFor::All, Some(LONG)).done));
        // A cancellation is no failure, so this waits for all of them.
        assert!(are_cancelled(
            wait(second, WaitFor::FirstFailed, Some(LONG)).done
        ));
        let mut completed = as_completed(third);
        let next = || completed.next_timeout(Duration::ZERO).unwrap();
        assert!(are_cancelled(std::iter::from_fn(next).collect()));
        assert!(busy.iter().all(|busy| busy.handle().is_running()));
    });
}

//! Getting at the outcome of one task.

use std::sync::mpsc;
use std::time::Duration;

use fault_tasks as tasks;
use sandpool::{Limits, ProcessPool, ThreadPool};
use sandpool_tests::{LONG, on_both_pools, pool};

/// Conformance: 21 (both)
#[test]
fn a_join_returns_what_the_function_returns() {
    let function = |n: i32| tasks::add(n, -7);
    let threads = ThreadPool::new(2).unwrap();
    let processes = pool(2, Limits::new());
    for n in [0, 7, i32::MIN] {
        let on_thread = threads.submit(move || function(n)).unwrap();
        let in_sandbox = processes.submit(tasks::add, (n, -7)).unwrap();
        assert_eq!(on_thread.join().unwrap(), function(n));
        assert_eq!(in_sandbox.join().unwrap(), function(n));
    }
}

/// Conformance: 9 (both)
#[test]
fn a_join_that_times_out_leaves_task_and_handle_intact() {
    on_both_pools(1, |pool| {
        let busy = pool.busy();
        let handle = pool.number(42);
        let unfinished = handle.join_timeout(Duration::from_millis(1)).unwrap_err();
        assert!(
            unfinished
                .to_string()
                .contains("has not finished after 1ms")
        );
        let unfinished = unfinished.into_handle().try_join().unwrap_err();
        drop(busy);
        let handle = unfinished.into_handle();
        assert_eq!(handle.join_timeout(LONG).unwrap().unwrap(), 42);
    });
}

/// Conformance: 5, 6 (both)
#[test]
fn a_join_without_time_tells_unfinished_cancelled_failed_and_done_apart() {
    on_both_pools(1, |pool| {
        let running = pool.busy();
        let [pending, cancelled] = [1, 2].map(|n| pool.number(n));
        let failing = pool.failing();
        let pending = pending.try_join().unwrap_err().into_handle();
        let failing = failing.try_join().unwrap_err().into_handle();
        assert!(running.handle().is_running());
        let again = pending.join_timeout(Duration::ZERO).unwrap_err();
        assert!(cancelled.cancel());
        assert!(cancelled.try_join().unwrap().unwrap_err().is_cancelled());
        drop(running);
        pool.shutdown(sandpool::Shutdown::Finish);
        let error = failing.try_join().unwrap().unwrap_err();
        assert!(!error.is_cancelled() && !error.is_timeout(), "{error}");
        assert_eq!(again.into_handle().try_join().unwrap().unwrap(), 1);
    });
}

/// Conformance: 5 (both)
#[test]
fn a_running_task_is_unfinished_to_a_join_without_time() {
    let threads = ThreadPool::new(1).unwrap();
    let (release, released) = mpsc::channel::<()>();
    let on_thread = threads.submit(move || released.recv().is_err()).unwrap();
    let processes = pool(1, Limits::new());
    let in_sandbox = processes.submit(tasks::spin, ()).unwrap();
    while !on_thread.is_running() || !in_sandbox.is_running() {
        std::thread::yield_now();
    }
    let on_thread = on_thread.try_join().unwrap_err().into_handle();
    let in_sandbox = in_sandbox.try_join().unwrap_err().into_handle();
    drop(release);
    assert!(in_sandbox.cancel());
    assert!(on_thread.join().unwrap());
    assert!(in_sandbox.try_join().unwrap().unwrap_err().is_cancelled());
}

/// Conformance: 7 (both)
#[test]
fn a_thread_blocked_in_join_is_woken_by_completion() {
    on_both_pools(1, |pool| {
        let busy = pool.busy();
        let outcomes = joined_elsewhere([pool.number(42), pool.failing()], || drop(busy));
        let [number, failed] = outcomes;
        assert_eq!(number.unwrap(), 42);
        assert!(!failed.unwrap_err().is_cancelled());
    });
}

/// Conformance: 8 (both)
#[test]
fn a_thread_blocked_in_join_is_woken_by_a_cancellation() {
    on_both_pools(1, |pool| {
        let busy = pool.busy();
        let handles = [1, 2].map(|n| pool.number(n));
        let cancellers = [0, 1].map(|n: usize| handles[n].cancel_handle());
        let outcomes = joined_elsewhere(handles, || {
            assert!(cancellers.iter().all(sandpool::CancelHandle::cancel));
        });
        assert!(
            outcomes
                .map(Result::unwrap_err)
                .iter()
                .all(|e| e.is_cancelled())
        );
        assert!(
            busy.handle().is_running(),
            "the only worker has not been there"
        );
    });
}

/// Joins each handle on a thread of its own, and has something done meanwhile.
fn joined_elsewhere<T: Send + 'static, const N: usize>(
    handles: [sandpool::TaskHandle<T>; N],
    meanwhile: impl FnOnce(),
) -> [Result<T, sandpool::TaskError>; N] {
    let (begin, begun) = mpsc::channel();
    let joiners = handles.map(|handle| {
        let begin = begin.clone();
        std::thread::spawn(move || {
            begin.send(()).unwrap();
            handle.join_timeout(LONG).unwrap()
        })
    });
    for _ in 0..N {
        begun.recv_timeout(LONG).unwrap();
    }
    meanwhile();
    joiners.map(|joiner| joiner.join().unwrap())
}

#[test]
fn try_join_returns_the_outcome_of_a_finished_task() {
    let pool = ThreadPool::new(1).unwrap();
    let handle = pool.submit(|| 42).unwrap();
    let (finish, finished) = mpsc::channel();
    handle.on_finish(move |_| finish.send(()).unwrap());
    finished.recv_timeout(LONG).unwrap();
    // The callback runs before the outcome can be taken, so this may wait for its end.
    assert_eq!(handle.join_timeout(LONG).unwrap().unwrap(), 42);
}

/// Conformance: 1, 19 (both)
#[test]
fn a_handle_tells_the_tasks_state() {
    fn states<T>(handle: &sandpool::TaskHandle<T>) -> [bool; 3] {
        [
            handle.is_running(),
            handle.is_finished(),
            handle.is_cancelled(),
        ]
    }
    on_both_pools(1, |pool| {
        let busy = pool.busy();
        let [pending, cancelled] = [4711, 4712].map(|n| pool.number(n));
        let failing = pool.failing();
        assert_eq!(states(busy.handle()), [true, false, false]);
        assert_eq!(states(&pending), [false; 3]);
        assert!(format!("{:?}", busy.handle()).contains("running"));
        assert!(format!("{pending:?}").contains("pending"));
        assert!(cancelled.cancel());
        assert_eq!(states(&cancelled), [false, true, true]);
        assert!(format!("{cancelled:?}").contains("cancelled"));
        drop(busy);
        pool.shutdown(sandpool::Shutdown::Finish);
        assert_eq!(states(&pending), [false, true, false]);
        assert_eq!(states(&failing), [false, true, false]);
        let shown = format!("{pending:?}");
        assert!(shown.contains("finished") && shown.contains(pending.task()));
        assert!(!shown.contains("4711"), "{shown}");
        assert!(format!("{failing:?}").contains("failed"));
    });
}

#[test]
fn a_result_that_nobody_joins_holds_nobody_up() {
    let pool: ProcessPool = pool(1, Limits::new());
    let unjoined = pool.submit(tasks::echo, "first".to_owned()).unwrap();
    drop(pool.submit(tasks::echo, "dropped".to_owned()).unwrap());
    let second = pool.submit(tasks::echo, "second".to_owned()).unwrap();
    assert_eq!(second.join_timeout(LONG).unwrap().unwrap(), "second");
    assert_eq!(unjoined.join().unwrap(), "first");
}

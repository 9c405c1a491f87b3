//! How a pool ends, and its tasks with it.

use std::sync::{Arc, mpsc};
use std::thread;
use std::time::Duration;

use fault_tasks as tasks;
use sandpool::{Limits, Shutdown, SubmitErrorKind, TaskErrorKind, TaskHandle, ThreadPool};
use sandpool_tests::{AnyPool, LONG, on_both_pools, pool};

const EVERY_WAY: [Shutdown; 3] = [
    Shutdown::Finish,
    Shutdown::CancelPending,
    Shutdown::CancelAll,
];

fn queued(pool: &dyn AnyPool, count: u32) -> Vec<TaskHandle<u32>> {
    (0..count).map(|n| pool.number(n)).collect()
}

fn values(handles: Vec<TaskHandle<u32>>) -> Vec<u32> {
    let ended = |handle: TaskHandle<u32>| handle.try_join().expect("it has ended");
    handles
        .into_iter()
        .map(|handle| ended(handle).unwrap())
        .collect()
}

/// Conformance: 30 (both)
#[test]
fn submitting_after_shutdown_gives_the_work_back() {
    let threads = ThreadPool::new(1).unwrap();
    threads.shutdown(Shutdown::Finish);
    let error = threads.submit(|| 42).unwrap_err();
    assert!(matches!(error.kind(), SubmitErrorKind::ShutDown));
    assert_eq!(error.into_inner()(), 42);

    let processes = pool(1, Limits::new());
    processes.shutdown(Shutdown::Finish);
    processes.shutdown(Shutdown::CancelPending);
    let error = processes
        .submit(tasks::echo, "mine".to_owned())
        .unwrap_err();
    assert!(matches!(error.kind(), SubmitErrorKind::ShutDown));
    assert_eq!(error.into_inner(), "mine");
    assert!(threads.map(|n: i32| n, [1]).is_err());
}

/// Conformance: 30, 64, 91, 92 (both)
#[test]
fn shutting_down_again_or_before_the_first_task_does_nothing() {
    for first in EVERY_WAY {
        for second in EVERY_WAY {
            on_both_pools(2, |pool| {
                pool.shutdown(first);
                assert!(pool.try_parse("1").is_none());
                pool.shutdown(second);
                assert!(pool.try_parse("1").is_none());
                let mut nothing = sandpool::PoolStats::default();
                nothing.interruption = pool.stats().interruption;
                assert_eq!(pool.stats(), nothing);
            });
        }
    }
}

/// Conformance: 64, 65 (both)
#[test]
fn shutdown_finishes_what_was_submitted() {
    on_both_pools(2, |pool| {
        let handles = queued(&*pool, 50);
        pool.shutdown(Shutdown::Finish);
        assert_eq!(pool.started(), 0, "the workers have exited");
        assert!(values(handles).into_iter().eq(0..50));
        pool.shutdown(Shutdown::CancelAll);
    });
}

/// Conformance: 66 (threads)
#[test]
fn shutdown_can_cancel_what_waits() {
    let pool = ThreadPool::new(2).unwrap();
    let (begin, begun) = mpsc::channel();
    let (release, released) = mpsc::channel::<()>();
    let running = pool.submit(move || {
        begin.send(()).unwrap();
        released.recv().is_err()
    });
    begun.recv_timeout(LONG).unwrap();
    let (hold, held) = mpsc::channel::<()>();
    let other = pool.submit(move || held.recv().is_err()).unwrap();
    while !other.is_running() {
        std::thread::yield_now();
    }
    let waiting: Vec<_> = (0..20).map(|_| pool.submit(|| ()).unwrap()).collect();
    std::thread::scope(|scope| {
        let shutdown = scope.spawn(|| pool.shutdown(Shutdown::CancelPending));
        for handle in waiting {
            assert!(handle.join().unwrap_err().is_cancelled());
        }
        assert!(!shutdown.is_finished(), "it waits for what runs");
        drop((release, hold));
    });
    assert!(running.unwrap().join().unwrap());
    assert!(other.join().unwrap());
}

/// Conformance: 66, 68 (both)
#[test]
fn a_shutdown_that_does_not_wait_cancels_all_that_waits() {
    on_both_pools(2, |pool| {
        let busy = [pool.busy(), pool.busy()];
        let handles = queued(&*pool, 50);
        assert!(!pool.shutdown_timeout(Shutdown::CancelPending, Duration::ZERO));
        assert!(handles.iter().all(TaskHandle::is_cancelled));
        assert!(busy.iter().all(|busy| busy.handle().is_running()));
        drop(busy);
        assert!(pool.shutdown_timeout(Shutdown::CancelPending, LONG));
    });
}

/// Conformance: 66 (both)
#[test]
fn a_shutdown_that_cancels_leaves_no_task_between_cancelled_and_done() {
    for how in [Shutdown::CancelPending, Shutdown::CancelAll] {
        on_both_pools(2, |pool| {
            let handles = queued(&*pool, 50);
            pool.shutdown(how);
            assert_eq!(pool.stats().finished(), 50);
            for (number, handle) in (0..).zip(handles) {
                match handle.try_join().unwrap() {
                    Ok(value) => assert_eq!(value, number),
                    Err(error) => assert!(error.is_cancelled(), "{error}"),
                }
            }
        });
    }
}

/// Conformance: 30, 67 (both)
#[test]
fn a_shutdown_that_does_not_wait_finishes_what_was_submitted() {
    on_both_pools(1, |pool| {
        let busy = pool.busy();
        let handles = queued(&*pool, 10);
        assert!(!pool.shutdown_timeout(Shutdown::Finish, Duration::ZERO));
        assert!(pool.try_parse("1").is_none());
        assert!(!handles.iter().any(TaskHandle::is_finished));
        drop(busy);
        assert!(pool.shutdown_timeout(Shutdown::Finish, LONG));
        assert_eq!(pool.started(), 0, "the workers have exited");
        assert!(values(handles).into_iter().eq(0..10));
    });
}

/// Conformance: 90 (processes)
#[test]
fn shutdown_can_stop_everything_that_runs() {
    let pool = pool(2, Limits::new());
    let handles: Vec<_> = (0..6)
        .map(|_| pool.submit(tasks::spin, ()).unwrap())
        .collect();
    while handles.iter().filter(|handle| handle.is_running()).count() < 2 {
        std::thread::yield_now();
    }
    assert!(pool.shutdown_timeout(Shutdown::CancelAll, LONG));
    assert_eq!(pool.started(), 0, "the workers have exited");
    for handle in handles {
        assert!(handle.join().unwrap_err().is_cancelled());
    }
    assert_eq!((pool.stats().cancelled, pool.stats().finished()), (6, 6));
}

/// Conformance: 90 (threads)
#[test]
fn a_shutdown_that_stops_everything_tells_closures() {
    let pool = ThreadPool::new(1).unwrap();
    let handle = pool.submit_cancellable(|token| {
        while !token.is_cancelled() {
            std::thread::yield_now();
        }
        42
    });
    let handle = handle.unwrap();
    while !handle.is_running() {
        std::thread::yield_now();
    }
    assert!(!handle.is_finished());
    assert!(pool.shutdown_timeout(Shutdown::CancelAll, LONG));
    assert_eq!(handle.join().unwrap(), 42);
}

#[test]
fn a_shutdown_with_a_time_limit_says_whether_all_have_ended() {
    let pool = ThreadPool::new(1).unwrap();
    let (release, released) = mpsc::channel::<()>();
    let running = pool.submit(move || released.recv().is_err()).unwrap();
    let queued = pool.submit(|| 42).unwrap();
    assert!(!pool.shutdown_timeout(Shutdown::Finish, std::time::Duration::from_millis(1)));
    assert!(pool.submit(|| ()).is_err());
    drop(release);
    assert!(pool.shutdown_timeout(Shutdown::Finish, LONG));
    assert!(running.join().unwrap());
    assert_eq!(queued.join().unwrap(), 42, "it was accepted before");
}

/// Conformance: 70 (both)
#[test]
fn dropping_a_pool_finishes_what_was_submitted() {
    on_both_pools(2, |pool| {
        let busy = pool.busy();
        let handles = queued(&*pool, 20);
        let failing = pool.failing();
        drop(busy);
        drop(pool);
        assert!(failing.try_join().unwrap().is_err());
        assert!(values(handles).into_iter().eq(0..20));
    });
}

#[test]
fn a_pool_dropped_on_its_own_worker_does_not_wait_for_itself() {
    let pool = Arc::new(ThreadPool::new(1).unwrap());
    let (tell, told) = mpsc::channel();
    let (give, given) = mpsc::channel::<Arc<ThreadPool>>();
    drop(pool.submit(move || {
        drop(given.recv().unwrap());
        tell.send(()).unwrap();
    }));
    give.send(pool).unwrap();
    told.recv_timeout(LONG).unwrap();
}

/// Conformance: 71 (both)
#[test]
fn submitting_cancelling_and_shutting_down_at_once_ends() {
    for how in EVERY_WAY {
        for _ in 0..20 {
            on_both_pools(1, |pool| {
                let handle = pool.number(1);
                let cancelled = handle.cancel();
                assert!(pool.shutdown_timeout(how, LONG));
                assert!(handle.is_finished());
                assert!(handle.is_cancelled() || !cancelled);
            });
        }
    }
}

/// Conformance: 98 (both)
#[test]
fn a_task_that_fails_after_shutdown_has_its_error() {
    on_both_pools(1, |pool| {
        let busy = pool.busy();
        let (failing, next) = (pool.failing(), pool.number(1));
        assert!(!pool.shutdown_timeout(Shutdown::Finish, Duration::ZERO));
        drop(busy);
        assert!(pool.shutdown_timeout(Shutdown::Finish, LONG));
        assert!(!failing.try_join().unwrap().unwrap_err().is_cancelled());
        assert_eq!(next.try_join().unwrap().unwrap(), 1);
    });
}

/// Conformance: 98, 99 (processes)
#[test]
fn a_crash_or_a_bad_result_after_shutdown_is_its_tasks_error() {
    let pool = pool(1, Limits::new());
    let busy = pool.busy();
    let crash = pool.submit(tasks::abort, ()).unwrap();
    let bad = pool.submit(tasks::unencodable_result, ()).unwrap();
    assert!(!pool.shutdown_timeout(Shutdown::Finish, Duration::ZERO));
    drop(busy);
    let crash = crash.join_timeout(LONG).unwrap().unwrap_err();
    assert!(matches!(crash.kind(), TaskErrorKind::Trapped(_)), "{crash}");
    let Err(bad) = bad.join_timeout(LONG).unwrap() else {
        panic!("it cannot be encoded");
    };
    assert!(matches!(bad.kind(), TaskErrorKind::BadResult(_)), "{bad}");
    assert!(pool.shutdown_timeout(Shutdown::Finish, LONG));
    assert_eq!(pool.started(), 0, "the workers have exited");
}

/// Conformance: B11 (both)
#[test]
fn what_is_submitted_during_shutdown_ends_or_is_given_back() {
    for how in EVERY_WAY {
        on_both_pools(2, |pool| {
            let (begin, begun) = mpsc::channel();
            let accepted = thread::scope(|scope| {
                let submitters = [(); 2].map(|()| {
                    let (pool, begin) = (&pool, begin.clone());
                    scope.spawn(move || {
                        let numbered = |n: u32| Some((n, pool.try_parse(&n.to_string())?));
                        let accepted = (0..).map_while(numbered).inspect(|(n, _)| {
                            if *n == 50 {
                                begin.send(()).unwrap();
                            }
                        });
                        accepted.collect::<Vec<_>>()
                    })
                });
                // Both are at it.
                begun.recv_timeout(LONG).unwrap();
                begun.recv_timeout(LONG).unwrap();
                pool.shutdown(how);
                submitters.map(|submitter| submitter.join().unwrap())
            });
            let accepted: Vec<_> = accepted.into_iter().flatten().collect();
            assert_eq!(pool.stats().submitted(), accepted.len() as u64);
            for (number, handle) in accepted {
                match handle.try_join().expect("the shutdown is over") {
                    Ok(value) => assert_eq!(value, number),
                    Err(error) => assert!(error.is_cancelled() && how != Shutdown::Finish),
                }
            }
        });
    }
}

//! Sandboxes that serve several tasks, and are replaced.

use std::sync::mpsc;
use std::time::Duration;

use fault_tasks as tasks;
use sandpool::{Isolation, Limits, MapOptions, ProcessPool, Shutdown, TaskHandle};
use sandpool_tests::{LONG, fault_module};

fn pool(workers: usize, tasks: usize) -> ProcessPool {
    ProcessPool::builder(fault_module())
        .workers(workers)
        .isolation(Isolation::Reuse {
            tasks: tasks.try_into().unwrap(),
        })
        .build()
        .unwrap()
}

fn counts(pool: &ProcessPool, calls: usize) -> Vec<u32> {
    let counts = pool.map(tasks::count_calls, (0..calls).map(|_| ()));
    counts.unwrap().collect::<Result<_, _>>().unwrap()
}

/// Conformance: 82, 89 (processes)
#[test]
fn a_sandbox_is_replaced_after_so_many_tasks() {
    let one = pool(1, 3);
    assert_eq!(counts(&one, 8), [1, 2, 3, 1, 2, 3, 1, 2]);
    let stats = one.stats();
    assert_eq!((stats.instances_made, stats.instances_retired), (3, 2));
    assert_eq!(one.workers(), 1);
    one.shutdown(Shutdown::Finish);
    assert_eq!(one.stats().instances_retired, 3);

    let each = pool(1, 1);
    assert_eq!(counts(&each, 3), [1, 1, 1]);
    assert_eq!(each.stats().instances_made, 3);
}

#[test]
fn a_sandbox_for_one_task_is_the_default() {
    let fresh = ProcessPool::builder(fault_module())
        .workers(1)
        .build()
        .unwrap();
    assert_eq!(counts(&fresh, 3), [1, 1, 1]);
    let stats = fresh.stats();
    assert_eq!((stats.instances_made, stats.instances_retired), (3, 3));
}

#[test]
fn the_tasks_of_a_chunk_share_a_sandbox_only_where_all_do() {
    let options = || MapOptions::new().chunk(4);
    let counts = |pool: &ProcessPool| {
        let map = pool.map_with(tasks::count_calls, [(); 4], options());
        map.unwrap().map(Result::unwrap).collect::<Vec<_>>()
    };
    assert_eq!(counts(&pool(1, 2)), [1, 2, 1, 2]);
    assert_eq!(
        counts(&sandpool_tests::pool(1, Limits::new())),
        [1, 1, 1, 1]
    );
}

/// Conformance: 83 (processes)
#[test]
fn a_backlog_is_worked_off_while_sandboxes_are_replaced() {
    for (workers, calls) in [(1, 6), (2, 8)] {
        let pool = pool(workers, 2);
        let counts = counts(&pool, calls);
        let first = counts.iter().filter(|count| **count == 1).count();
        assert_eq!(pool.stats().instances_made, first as u64);
        assert!(counts.iter().all(|count| *count <= 2));
    }
}

/// Conformance: 84, 85 (processes)
#[test]
fn shutdown_right_after_submission_runs_everything_in_sandboxes_of_their_own() {
    for wait in [LONG, Duration::ZERO] {
        let pool = pool(1, 1);
        let handles: Vec<_> = (0..10)
            .map(|_| pool.submit(tasks::count_calls, ()).unwrap())
            .collect();
        pool.shutdown_timeout(Shutdown::Finish, wait);
        let counts = handles.into_iter().map(|handle| handle.join().unwrap());
        assert!(counts.eq([1; 10]));
        assert!(pool.shutdown_timeout(Shutdown::Finish, LONG));
        assert_eq!(pool.stats().instances_retired, 10);
    }
}

/// Conformance: 86 (processes)
#[test]
fn a_pool_dropped_while_sandboxes_are_replaced_ends_every_task() {
    let pool = pool(2, 1);
    let handles: Vec<TaskHandle<u32>> = (0..50)
        .map(|_| pool.submit(tasks::count_calls, ()).unwrap())
        .collect();
    drop(pool);
    assert!(handles.iter().all(TaskHandle::is_finished));
    assert!(
        handles
            .into_iter()
            .all(|handle| handle.join().unwrap() == 1)
    );
}

/// Conformance: 88 (processes)
#[test]
fn a_failing_task_in_a_sandbox_of_its_own_does_not_hold_a_shutdown_up() {
    let pool = pool(1, 1);
    let failing = pool.submit(tasks::fail, "x".to_owned()).unwrap();
    let trapping = pool.submit(tasks::wild_read, ()).unwrap();
    let other = pool.submit(tasks::add, (1, 2)).unwrap();
    assert!(!pool.shutdown_timeout(Shutdown::Finish, Duration::ZERO) || other.is_finished());
    assert!(failing.join().is_err());
    assert!(trapping.join().is_err());
    assert_eq!(other.join().unwrap(), 3);
    assert!(pool.shutdown_timeout(Shutdown::Finish, LONG));
}

/// Conformance: 93 (processes)
#[test]
fn a_pool_stopped_while_sandboxes_are_replaced_makes_no_more() {
    let pool = pool(2, 1);
    let (tell, told) = mpsc::channel();
    let handles: Vec<TaskHandle<u32>> = (0..200)
        .map(|_| pool.submit(tasks::count_calls, ()).unwrap())
        .collect();
    handles[20].on_finish(move |_| tell.send(()).unwrap());
    told.recv_timeout(LONG).unwrap();
    assert!(pool.shutdown_timeout(Shutdown::CancelAll, LONG));
    let stats = pool.stats();
    assert_eq!(stats.instances_made, stats.instances_retired);
    assert_eq!(stats.finished(), 200);
    for handle in handles {
        match handle.join() {
            Ok(count) => assert_eq!(count, 1),
            Err(error) => assert!(error.is_cancelled()),
        }
    }
    assert_eq!(pool.stats(), stats, "nothing was done after the shutdown");
}

/// Conformance: B5 (processes)
#[test]
fn nothing_is_kept_after_a_task_that_did_not_return() {
    let faults: [fn(&ProcessPool); 6] = [
        |pool| drop(pool.submit(tasks::boom, "x".to_owned()).unwrap().join()),
        |pool| drop(pool.submit(tasks::wild_read, ()).unwrap().join()),
        |pool| drop(pool.submit(tasks::recurse, 0).unwrap().join()),
        |pool| drop(pool.submit(tasks::hoard, 1 << 30).unwrap().join()),
        |pool| {
            let limits = Limits::new().timeout(Duration::from_millis(5));
            drop(pool.with(limits).submit(tasks::spin, ()).unwrap().join());
        },
        |pool| drop(pool.submit(tasks::panics_in_host, ()).unwrap().join()),
    ];
    for fault in faults {
        let pool = pool(1, 100);
        assert_eq!(counts(&pool, 2), [1, 2]);
        fault(&pool);
        assert_eq!(counts(&pool, 2), [1, 2]);
        let stats = pool.stats();
        assert_eq!((stats.instances_made, stats.instances_retired), (2, 1));
    }
}

#[test]
fn a_task_that_returns_an_error_leaves_the_sandbox_as_it_is() {
    let pool = pool(1, 100);
    assert_eq!(counts(&pool, 1), [1]);
    assert!(
        pool.submit(tasks::fail, "x".to_owned())
            .unwrap()
            .join()
            .is_err()
    );
    assert!(pool.submit_json("add", "true").unwrap().join().is_err());
    assert!(
        pool.submit(tasks::unencodable_result, ())
            .unwrap()
            .join()
            .is_err()
    );
    assert_eq!(counts(&pool, 1), [2]);
}

#[test]
fn a_cancellation_that_comes_late_does_not_stop_the_next_task() {
    let pool = pool(1, 1_000_000);
    for _ in 0..200 {
        let spinning = pool.submit(tasks::spin, ()).unwrap();
        let next = pool.submit(tasks::count_calls, ()).unwrap();
        assert!(spinning.cancel());
        assert!(next.join().is_ok());
    }
    assert_eq!(pool.stats().cancelled, 200);
}

#[test]
fn a_sandbox_that_serves_many_tasks_does_not_grow() {
    let pool = pool(1, 1_000_000);
    let small = pool.with(Limits::new().memory_bytes(8 << 20));
    for _ in 0..300 {
        let bytes = small.submit(tasks::big_result, 100_000).unwrap();
        assert_eq!(bytes.join().unwrap().len(), 100_000);
        let echo = small.submit(tasks::echo, "x".repeat(100_000)).unwrap();
        assert_eq!(echo.join().unwrap().len(), 100_000);
    }
    assert_eq!(pool.stats().instances_made, 1);
}

#[test]
fn a_sandbox_larger_than_the_next_tasks_limit_is_replaced() {
    let pool = pool(1, 100);
    pool.submit(tasks::hoard, 32 << 20).unwrap().join().unwrap();
    assert_eq!(counts(&pool, 1), [1]);
    let small = pool.with(Limits::new().memory_bytes(16 << 20));
    assert_eq!(
        small
            .submit(tasks::count_calls, ())
            .unwrap()
            .join()
            .unwrap(),
        1
    );
    assert_eq!(counts(&pool, 1), [2]);
}

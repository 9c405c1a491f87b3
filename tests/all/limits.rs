//! What goes past a limit ends, and only that.

use std::time::{Duration, Instant};

use fault_tasks as tasks;
use sandpool::{Limits, ProcessPool, TaskErrorKind, TaskHandle};
use sandpool_tests::{LONG, pool};

use crate::by_hand::{Guest, HONEST, lie};

/// Conformance: B3 (processes)
#[test]
fn a_task_that_never_ends_is_stopped_at_its_timeout() {
    let limit = Duration::from_millis(100);
    let pool = pool(1, Limits::new().timeout(limit));
    let started = Instant::now();
    let error = pool.submit(tasks::spin, ()).unwrap().join().unwrap_err();
    assert!(started.elapsed() >= limit);
    assert!(error.is_timeout());
    assert!(matches!(error.kind(), TaskErrorKind::DeadlineExceeded { limit: l } if *l == limit));
    assert_eq!(
        error.to_string(),
        "task `spin` ran longer than its limit of 100ms and was stopped"
    );
    assert!(error.backtrace()[0].function().contains("spin"));
    assert_eq!(pool.submit(tasks::add, (1, 1)).unwrap().join().unwrap(), 2);
}

#[test]
fn a_timeout_leaves_the_neighbours_alone() {
    let pool = pool(2, Limits::new().timeout(Duration::from_millis(50)));
    // Each timeout moves the epoch on that all guests of the module look at.
    let spinning: Vec<_> = (0..4)
        .map(|_| pool.submit(tasks::spin, ()).unwrap())
        .collect();
    let patient = sandpool_tests::pool(1, Limits::new().timeout(LONG));
    let honest: Vec<_> = (0..200)
        .map(|_| patient.submit(tasks::hoard, 1 << 20).unwrap())
        .collect();
    for handle in honest {
        assert_eq!(handle.join().unwrap(), 256);
    }
    for handle in spinning {
        assert!(handle.join().unwrap_err().is_timeout());
    }
}

#[test]
fn a_timeout_of_zero_stops_a_task_before_it_starts() {
    let pool = pool(1, Limits::new().timeout(Duration::ZERO));
    let error = pool.submit(tasks::add, (1, 1)).unwrap().join().unwrap_err();
    assert!(error.is_timeout(), "{error}");
}

#[test]
fn a_timeout_beyond_all_clocks_is_none() {
    let pool = pool(1, Limits::new().timeout(Duration::MAX));
    assert_eq!(pool.submit(tasks::add, (1, 1)).unwrap().join().unwrap(), 2);
}

/// Conformance: B4 (processes)
#[test]
fn memory_beyond_the_limit_is_an_error_that_says_how_much() {
    let pool = pool(1, Limits::new().memory_bytes(8 << 20));
    let error = pool
        .submit(tasks::hoard, 64 << 20)
        .unwrap()
        .join()
        .unwrap_err();
    let TaskErrorKind::MemoryLimitExceeded {
        requested_bytes,
        limit_bytes,
    } = *error.kind()
    else {
        panic!("{error}");
    };
    assert!(requested_bytes > 64 << 20);
    assert_eq!(limit_bytes, 8 << 20);
    assert_eq!(
        pool.submit(tasks::hoard, 1 << 20).unwrap().join().unwrap(),
        256
    );
}

#[test]
fn arguments_count_towards_the_memory_limit() {
    let pool = pool(1, Limits::new().memory_bytes(4 << 20));
    let handle = pool.submit(tasks::echo_bytes, vec![0; 16 << 20]).unwrap();
    let error = handle.join().unwrap_err();
    assert!(
        matches!(error.kind(), TaskErrorKind::MemoryLimitExceeded { .. }),
        "{error}"
    );
}

#[test]
fn arguments_beyond_the_limit_stay_outside_of_the_sandbox() {
    let pool = pool(1, Limits::new().argument_bytes(1000));
    let error = pool
        .submit(tasks::echo_bytes, vec![0; 1001])
        .unwrap()
        .join()
        .unwrap_err();
    let TaskErrorKind::ArgumentsTooLarge { bytes, limit_bytes } = *error.kind() else {
        panic!("{error}");
    };
    assert!(bytes > 1000);
    assert_eq!(limit_bytes, 1000);
    assert_eq!(pool.stats().instances_made, 0, "nothing was run");
    let more = pool.with(Limits::new());
    let echoed = more.submit(tasks::echo_bytes, vec![7; 1001]).unwrap();
    assert_eq!(echoed.join().unwrap(), [7; 1001]);
}

/// A guest whose table grows by so many elements.
const GROWING: Guest = Guest {
    task: r#"(drop (table.grow $table (ref.null func) (i32.const 5000)))
        (i64.or (i64.shl (i64.const 2) (i64.const 32)) (i64.const 16))"#,
    more: r#"(table $table 10 funcref) (data (i32.const 16) "\00\00")"#,
    ..HONEST
};

/// Conformance: B4 (processes)
#[test]
fn a_table_beyond_the_limit_is_an_error_that_says_how_much() {
    let module = GROWING.builder().load().unwrap();
    let tight = Limits::new().table_elements(5009);
    let builder = ProcessPool::builder(module).workers(1);
    let pool = builder.limits(tight).build().unwrap();
    let error = pool.submit(lie, Vec::new()).unwrap().join().unwrap_err();
    assert!(matches!(
        error.kind(),
        TaskErrorKind::TableLimitExceeded {
            requested_elements: 5010,
            limit_elements: 5009
        }
    ));
    assert_eq!(
        error.to_string(),
        "task `lie` wanted a table of 5010 elements, its limit is 5009"
    );
    let roomy = pool.with(Limits::new().table_elements(5010));
    assert!(roomy.submit(lie, Vec::new()).unwrap().join().is_ok());
    assert_eq!(pool.stats().out_of_memory, 1);
}

#[test]
fn a_table_that_is_too_large_from_the_start_is_an_error_too() {
    let pool = GROWING.pool();
    let none = pool.with(Limits::new().table_elements(9));
    let error = none.submit(lie, Vec::new()).unwrap().join().unwrap_err();
    assert!(matches!(
        error.kind(),
        TaskErrorKind::TableLimitExceeded {
            requested_elements: 10,
            limit_elements: 9
        }
    ));
}

#[test]
fn a_module_that_does_not_fit_the_memory_limit_is_an_error_too() {
    let pool = pool(1, Limits::new().memory_bytes(0));
    let error = pool.submit(tasks::add, (1, 1)).unwrap().join().unwrap_err();
    assert!(
        matches!(
            error.kind(),
            TaskErrorKind::MemoryLimitExceeded { limit_bytes: 0, .. }
        ),
        "{error}"
    );
}

#[test]
fn a_result_beyond_the_limit_stays_in_the_sandbox() {
    let pool = pool(1, Limits::new().result_bytes(1000));
    let error = pool
        .submit(tasks::big_result, 1001)
        .unwrap()
        .join()
        .unwrap_err();
    let TaskErrorKind::ResultTooLarge { bytes, limit_bytes } = *error.kind() else {
        panic!("{error}");
    };
    assert!(bytes > 1000);
    assert_eq!(limit_bytes, 1000);
    assert_eq!(
        pool.submit(tasks::big_result, 900)
            .unwrap()
            .join()
            .unwrap()
            .len(),
        900
    );
}

#[test]
fn a_call_can_have_limits_of_its_own() {
    let pool = pool(1, Limits::new().memory_bytes(4 << 20));
    let more = Limits::new().memory_bytes(64 << 20);
    let roomy = pool.with(more).submit(tasks::hoard, 16 << 20).unwrap();
    let tight = pool.submit(tasks::hoard, 16 << 20).unwrap();
    assert_eq!(roomy.join().unwrap(), 4096);
    assert!(matches!(
        tight.join().unwrap_err().kind(),
        TaskErrorKind::MemoryLimitExceeded { .. }
    ));
    let brief = Limits::new().timeout(Duration::from_millis(20));
    let brief = pool.with(brief);
    assert!(
        brief
            .submit(tasks::spin, ())
            .unwrap()
            .join()
            .unwrap_err()
            .is_timeout()
    );
    let spinning = brief.map(tasks::spin, [(), ()]).unwrap();
    assert!(
        spinning
            .map(Result::unwrap_err)
            .all(|error| error.is_timeout())
    );
    let json = brief.submit_json("spin", "null").unwrap();
    assert!(json.join().unwrap_err().is_timeout());
    let bytes = brief.submit_bytes("echo_bytes", *b"x").unwrap();
    assert_eq!(bytes.join().unwrap(), b"x");
}

/// An endless task that is running.
fn spinning(pool: &ProcessPool) -> TaskHandle<()> {
    let handle = pool.submit(tasks::spin, ()).unwrap();
    while !handle.is_running() {
        std::thread::yield_now();
    }
    handle
}

/// Conformance: B3 (processes)
#[test]
fn a_deadline_holds_while_a_task_waits() {
    let pool = pool(1, Limits::new());
    let spinning = spinning(&pool);
    let limit = Duration::from_millis(20);
    let queued = pool
        .with(Limits::new().deadline(limit))
        .submit(tasks::add, (1, 1));
    let error = queued.unwrap().join_timeout(LONG).unwrap().unwrap_err();
    assert!(matches!(error.kind(), TaskErrorKind::DeadlineExceeded { limit: l } if *l == limit));
    assert!(spinning.is_running(), "the only worker is busy still");
    assert!(spinning.cancel());
    assert_eq!(pool.submit(tasks::add, (1, 1)).unwrap().join().unwrap(), 2);
}

/// Conformance: B3 (processes)
#[test]
fn of_timeout_and_deadline_the_first_holds() {
    let (short, long) = (Duration::from_millis(20), LONG);
    let pool = pool(1, Limits::new());
    for limits in [
        Limits::new().timeout(short).deadline(long),
        Limits::new().timeout(long).deadline(short),
    ] {
        let spinning = pool.with(limits).submit(tasks::spin, ()).unwrap();
        let error = spinning.join().unwrap_err();
        assert!(
            matches!(error.kind(), TaskErrorKind::DeadlineExceeded { limit } if *limit == short)
        );
    }
}

#[test]
fn a_slow_callback_of_an_expired_task_holds_no_timeout_up() {
    let pool = pool(2, Limits::new());
    let busy = [(), ()].map(|()| spinning(&pool));
    let (release, released) = std::sync::mpsc::channel::<()>();
    let (enter, entered) = std::sync::mpsc::channel();
    // Long enough for the callback to be there before.
    let soon = Limits::new().deadline(Duration::from_millis(300));
    let queued = pool.with(soon).submit(tasks::add, (1, 1)).unwrap();
    queued.on_finish(move |_| {
        enter.send(()).unwrap();
        let _ = released.recv();
    });
    entered.recv_timeout(LONG).unwrap();
    assert!(busy[0].cancel());
    let brief = Limits::new().timeout(Duration::from_millis(10));
    let stopped = pool.with(brief).submit(tasks::spin, ()).unwrap();
    assert!(
        stopped
            .join_timeout(LONG)
            .unwrap()
            .unwrap_err()
            .is_timeout()
    );
    drop(release);
    assert!(queued.join().unwrap_err().is_timeout());
    assert!(busy[1].cancel());
}

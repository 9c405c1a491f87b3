//! Cancelling and time limits stop a guest wherever it is, and nobody else.

use std::time::Duration;

use fault_tasks as tasks;
use sandpool::{Limits, ProcessPool, TaskErrorKind, TaskHandle, TaskModule};
use sandpool_tests::{LONG, fault_module};

use crate::by_hand::{Guest, HONEST, lie};

/// Bodies of tasks that never end, or not within the lifetime of a machine.
const ENDLESS: [(&str, &str, &str); 12] = [
    ("a register loop", "(loop (br 0)) i64.const 0", ""),
    ("nested loops", "(loop (loop (br 0)) (br 0)) i64.const 0", ""),
    (
        "an endless loop after a counted one",
        "(local $i i32) (loop (br_if 0 (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 1000)))) (loop (br 0)) i64.const 0",
        "",
    ),
    (
        "a loop that writes",
        "(local $i i32) (loop (i32.store (i32.and (local.tee $i (i32.add (local.get $i) (i32.const 4))) (i32.const 0xFFF0)) (local.get $i)) (br 0)) i64.const 0",
        "",
    ),
    (
        "2^60 calls deep down",
        "(drop (call $calls (i32.const 60))) i64.const 0",
        "(func $calls (param i32) (result i32)
            (if (result i32) (local.get 0)
                (then (i32.add
                    (call $calls (i32.sub (local.get 0) (i32.const 1)))
                    (call $calls (i32.sub (local.get 0) (i32.const 1)))))
                (else (i32.const 1))))",
    ),
    (
        "a loop at the bottom of 10,000 calls",
        "(call $down (i32.const 10000)) i64.const 0",
        "(func $down (param i32)
            (if (local.get 0) (then (call $down (i32.sub (local.get 0) (i32.const 1)))) (else (loop (br 0)))))",
    ),
    (
        "calls through a table",
        "(loop (call_indirect $t (type $f) (i32.const 0)) (br 0)) i64.const 0",
        "(type $f (func)) (table $t funcref (elem $nothing)) (func $nothing)",
    ),
    ("growing by nothing", "(loop (drop (memory.grow (i32.const 0))) (br 0)) i64.const 0", ""),
    (
        "filling all of its memory",
        "(loop (memory.fill (i32.const 0) (i32.const 1) (i32.const 65536)) (br 0)) i64.const 0",
        "",
    ),
    (
        "filling and copying 128 MiB",
        "(drop (memory.grow (i32.const 2047)))
         (loop (memory.fill (i32.const 0) (i32.const 1) (i32.const 134217728))
            (memory.copy (i32.const 0) (i32.const 1) (i32.const 134217727))
            (memory.copy (i32.const 1) (i32.const 0) (i32.const 134217727)) (br 0)) i64.const 0",
        "",
    ),
    (
        "filling a table",
        "(loop (table.fill $t (i32.const 0) (ref.null func) (i32.const 20000)) (br 0)) i64.const 0",
        "(table $t 20000 funcref)",
    ),
    (
        "a branch table",
        "(loop $l (br_table $l $l $l (i32.const 1))) i64.const 0",
        "",
    ),
];

fn modules() -> Vec<(&'static str, TaskModule)> {
    let module = |(what, task, more): (_, _, &'static str)| {
        let guest = Guest {
            task,
            more,
            ..HONEST
        };
        (what, guest.builder().load().unwrap())
    };
    ENDLESS.into_iter().map(module).collect()
}

fn two_workers(module: TaskModule, limits: Limits) -> ProcessPool {
    let builder = ProcessPool::builder(module).workers(2);
    builder.limits(limits).build().unwrap()
}

fn is_running<T>(handle: &TaskHandle<T>) {
    while !handle.is_running() {
        std::thread::yield_now();
    }
}

/// Conformance: B3 (processes)
#[test]
fn a_time_limit_stops_two_busy_workers_whatever_they_do() {
    for (what, module) in modules() {
        let pool = two_workers(module, Limits::new().timeout(Duration::from_millis(10)));
        for _ in 0..3 {
            let both = [0, 1].map(|_| pool.submit(lie, Vec::new()).unwrap());
            for handle in both {
                let error = handle.join().unwrap_err();
                assert!(error.is_timeout(), "{what}: {error}");
            }
        }
    }
}

/// Conformance: B2 (processes)
#[test]
fn cancelling_frees_two_busy_workers_whatever_they_do() {
    for (what, module) in modules() {
        let pool = two_workers(module, Limits::new());
        for _ in 0..3 {
            let both = [0, 1].map(|_| pool.submit(lie, Vec::new()).unwrap());
            for handle in both {
                is_running(&handle);
                assert!(handle.cancel(), "{what}");
                assert!(handle.join().unwrap_err().is_cancelled(), "{what}");
            }
        }
        // It ends only when the workers have come back from the guests.
        pool.shutdown(sandpool::Shutdown::Finish);
        assert_eq!(pool.stats().cancelled, 6, "{what}");
        assert_eq!(pool.stats().workers, 0, "{what}");
    }
}

/// Conformance: B3 (processes)
#[test]
fn an_endless_initializer_is_stopped_by_time_and_by_hand() {
    let build = |limits| {
        let builder = ProcessPool::builder(fault_module()).workers(1);
        let builder = builder.initializer(tasks::spin, ());
        builder.limits(limits).build().unwrap()
    };
    let pool = build(Limits::new().timeout(Duration::from_millis(10)));
    for _ in 0..3 {
        let error = pool.submit(tasks::add, (1, 1)).unwrap().join().unwrap_err();
        assert!(error.is_timeout(), "{error}");
    }
    let pool = build(Limits::new());
    let handle = pool.submit(tasks::add, (1, 1)).unwrap();
    is_running(&handle);
    assert!(handle.cancel());
    pool.shutdown(sandpool::Shutdown::Finish);
    assert_eq!(pool.stats().cancelled, 1);
}

/// A task of the same sandbox comes right after one that was stopped as it ended.
#[test]
fn a_stop_that_comes_too_late_hits_nobody() {
    let tasks_each = 1_000_000.try_into().unwrap();
    let pool = ProcessPool::builder(fault_module())
        .workers(1)
        .isolation(sandpool::Isolation::Reuse { tasks: tasks_each })
        .build()
        .unwrap();
    let mut ended = 0;
    for round in 0..3_000_u64 {
        // Ends at about the time at which it is cancelled.
        let short = pool.submit(tasks::spin_until, round % 300 * 10).unwrap();
        let next = pool.submit(tasks::spin_until, 2_000).unwrap();
        let after = pool.submit(tasks::add, (20, 22)).unwrap();
        if !short.cancel() {
            ended += 1;
        }
        assert_eq!(next.join().unwrap(), 2_000, "round {round}");
        assert_eq!(after.join().unwrap(), 42, "round {round}");
    }
    println!("{ended} of 3000 had ended before they were cancelled");
}

/// Conformance: B4 (processes)
#[test]
fn stopping_one_task_a_thousand_times_never_stops_its_sibling() {
    let module = fault_module();
    let stopped = two_workers(
        module.clone(),
        Limits::new().timeout(Duration::from_micros(500)),
    );
    let siblings = two_workers(module, Limits::new().timeout(LONG));
    let stopping: Vec<_> = (0..1000)
        .map(|_| stopped.submit(tasks::spin, ()).unwrap())
        .collect();
    let honest: Vec<_> = (0..1000)
        .map(|_| siblings.submit(tasks::spin_until, 100_000).unwrap())
        .collect();
    for handle in honest {
        assert_eq!(handle.join().unwrap(), 100_000);
    }
    for handle in stopping {
        let error = handle.join().unwrap_err();
        assert!(
            matches!(error.kind(), TaskErrorKind::DeadlineExceeded { .. }),
            "{error}"
        );
    }
}

//! Cancelling and time limits stop a guest wherever it is, and nobody else.

use std::time::Duration;

use fault_tasks as tasks;
use sandpool::{
    Interruption, Limits, ProcessPool, TaskErrorKind, TaskHandle, TaskModule, TrapKind,
};
use sandpool_tests::{LONG, fault_module};

use crate::by_hand::{Guest, HONEST, lie};

/// Bodies of tasks that never end, or not within the lifetime of a machine.
const ENDLESS: [(&str, &str, &str); 22] = [
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
        "2^60 calls of which the first is another on each path",
        "(call $calls (i32.const 60)) i64.const 0",
        "(func $calls (param i32)
            (local $less i32)
            (if (i32.eqz (local.get 0)) (then (return)))
            (local.set $less (i32.sub (local.get 0) (i32.const 1)))
            (block (br_if 0 (i32.and (local.get 0) (i32.const 1)))
                (call $calls (local.get $less)))
            (call $calls (local.get $less))
            (if (i32.and (local.get 0) (i32.const 1)) (then (call $calls (local.get $less)))))",
    ),
    (
        "2^60 calls behind a branch table",
        "(call $calls (i32.const 60)) i64.const 0",
        "(func $calls (param i32)
            (local $less i32)
            (local.set $less (i32.sub (local.get 0) (i32.const 1)))
            (block $end
                (block $odd
                    (block $even
                        (br_if $end (i32.eqz (local.get 0)))
                        (br_table $even $odd (i32.and (local.get 0) (i32.const 1))))
                    (call $calls (local.get $less)))
                (call $calls (local.get $less))
                (br_if $end (i32.eqz (i32.and (local.get 0) (i32.const 1))))
                (call $calls (local.get $less))))",
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
    (
        "a branch table over nested loops",
        "(loop $a (loop $b (block $x (br_table $x $b $a (local.get 0)))) (br $a)) i64.const 0",
        "",
    ),
    // Looks whose place the compiler could take for one that it has looked at already.
    (
        "a loop at the heart of three",
        "(loop $a (loop $b (loop $c (br_if $c (local.get 1))) (br_if $b (local.get 1))) (br $a)) i64.const 0",
        "",
    ),
    (
        "three loops of which the first has no end",
        "(local $i i32) (local $j i32)
         (loop $a (local.set $j (i32.const 0))
            (loop $b (local.set $i (i32.const 0))
                (loop $c
                    (local.set $i (i32.add (local.get $i) (i32.const 1)))
                    (br_if $c (i32.lt_u (local.get $i) (i32.const 100))))
                (local.set $j (i32.add (local.get $j) (i32.const 1)))
                (br_if $b (i32.lt_u (local.get $j) (i32.const 100))))
            (br $a)) i64.const 0",
        "",
    ),
    (
        "a loop before a call",
        "(loop $a (br_if $a (local.get 1))) (call $nothing) (loop (br 0)) i64.const 0",
        "(func $nothing)",
    ),
    (
        "loops that read address 0",
        "(local $i i32)
         (loop $a (local.set $i (i32.load (i32.const 0)))
            (loop $b (br_if $b (i32.eqz (i32.xor (local.get $i) (i32.load (i32.const 0))))))
            (br $a)) i64.const 0",
        "",
    ),
    (
        "a loop with calls of what does nothing",
        "(loop $a (call $nothing) (br $a)) i64.const 0",
        "(func $nothing)",
    ),
    (
        "40 functions, each of which calls the next one twice",
        "(call $f0) i64.const 0",
        "", // see `modules`
    ),
    (
        "a loop that carries a value",
        "i32.const 1 (loop (param i32) (result i64) (i32.const 3) (i32.mul) (br 0))",
        "",
    ),
];

const MECHANISMS: [Interruption; 2] = [Interruption::Polls, Interruption::Epochs];

fn modules(interruption: Interruption) -> Vec<(String, TaskModule)> {
    let calls = (0..40).map(|n| match n {
        39 => "(func $f39)".to_owned(),
        n => format!("(func $f{n} (call $f{0}) (call $f{0}))", n + 1),
    });
    let calls: &str = calls.collect::<String>().leak();
    let module = |(what, task, more): (&str, &'static str, &'static str)| {
        let more = if task.contains("$f0") { calls } else { more };
        let guest = Guest {
            task,
            more,
            ..HONEST
        };
        let module = guest.builder().interruption(interruption).load();
        (format!("{what}, {interruption:?}"), module.unwrap())
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
    for (what, module) in MECHANISMS.into_iter().flat_map(modules) {
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
    for (what, module) in MECHANISMS.into_iter().flat_map(modules) {
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
        let builder = builder.initializer(tasks::spin, ()).initialize_each(true);
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
    for interruption in MECHANISMS {
        stop_late(interruption);
    }
}

fn stop_late(interruption: Interruption) {
    let tasks_each = 1_000_000.try_into().unwrap();
    let module = TaskModule::builder(tasks::MODULE)
        .interruption(interruption)
        .load()
        .unwrap();
    let pool = ProcessPool::builder(module)
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

#[test]
fn the_mechanism_is_told_in_the_stats() {
    for interruption in MECHANISMS {
        let module = HONEST.builder().interruption(interruption).load();
        let pool = ProcessPool::new(module.unwrap()).unwrap();
        assert_eq!(pool.stats().interruption, Some(interruption));
    }
    let by_default = ProcessPool::new(fault_module()).unwrap();
    assert_eq!(by_default.stats().interruption, Some(Interruption::Polls));
    let threads = sandpool::ThreadPool::new(1).unwrap();
    assert_eq!(threads.stats().interruption, None);
}

/// A trap of its own is not taken for a stop, and a stop not for a trap.
#[test]
fn a_task_that_traps_when_its_time_is_up_ends_as_one_or_the_other() {
    const TRAPS: Guest = Guest {
        task: "unreachable",
        ..HONEST
    };
    let pool = two_workers(
        TRAPS.builder().load().unwrap(),
        Limits::new().timeout(Duration::from_micros(20)),
    );
    for _ in 0..1000 {
        let error = pool.submit(lie, Vec::new()).unwrap().join().unwrap_err();
        match error.kind() {
            TaskErrorKind::Trapped(TrapKind::Unreachable) => {}
            kind => assert!(error.is_timeout(), "{kind:?}"),
        }
    }
    let endless = two_workers(TRAPS.builder().load().unwrap(), Limits::new());
    let error = endless.submit(lie, Vec::new()).unwrap().join().unwrap_err();
    assert!(matches!(
        error.kind(),
        TaskErrorKind::Trapped(TrapKind::Unreachable)
    ));
}

/// Exports may have any names.
#[test]
fn a_module_may_have_an_export_named_as_that_of_the_flags() {
    const NAMED: Guest = Guest {
        more: r#"(data (i32.const 16) "\00\00") (func (export "sandpool:flags"))"#,
        ..HONEST
    };
    let pool = ProcessPool::new(NAMED.builder().load().unwrap()).unwrap();
    let value = pool.submit(lie, Vec::new()).unwrap().join().unwrap();
    assert_eq!(value, Vec::<Vec<u8>>::new());
}

/// These are not polled before: a guest makes no more of them than fit on its stack.
#[test]
fn calls_that_never_return_end_with_the_stack() {
    for interruption in MECHANISMS {
        let guest = Guest {
            task: "(call $deeper) unreachable",
            more: "(func $deeper (call $deeper) (unreachable))",
            ..HONEST
        };
        let module = guest.builder().interruption(interruption).load().unwrap();
        let pool = ProcessPool::builder(module).workers(1).build().unwrap();
        let error = pool.submit(lie, Vec::new()).unwrap().join().unwrap_err();
        assert!(
            matches!(error.kind(), TaskErrorKind::StackOverflow { .. }),
            "{error}"
        );
    }
}

//! Under every setting of a pool, nothing that one task wrote is there for the next in the same slot.

use std::time::Duration;

use sandpool::{
    Isolation, Limits, ProcessPool, ProcessPoolBuilder, TaskErrorKind, TaskModule,
    TaskModuleBuilder, TrapKind,
};

use crate::by_hand::{Guest, lie};

/// Looks for the marks of an earlier task in memory, in pages that it grows, in a global and in the table,
/// and divides by zero if there are any. Then it leaves its own in all of them, and ends as it is told by
/// the first byte of its argument.
const MARKED: Guest = Guest {
    task: r#"
        (local $at i32)
        (if (i32.ne (memory.size) (i32.const 2)) (then (call $found)))
        (if (i32.ne (memory.grow (i32.const 3)) (i32.const 2)) (then (call $found)))
        (if (global.get $mark) (then (call $found)))
        (if (i32.ne (table.size $table) (i32.const 1)) (then (call $found)))
        (if (i32.eqz (ref.is_null (table.get $table (i32.const 0)))) (then (call $found)))
        ;; One word of every 512 bytes, but for the argument's.
        (local.set $at (i32.const 512))
        (loop $look
            (if (i64.ne (i64.load (local.get $at)) (i64.const 0)) (then (call $found)))
            (i64.store (local.get $at) (i64.const -1))
            (local.set $at (i32.add (local.get $at) (i32.const 512)))
            (br_if $look (i32.lt_u (local.get $at) (i32.const 327680))))
        (global.set $mark (i32.const 1))
        (table.set $table (i32.const 0) (ref.func $found))
        (drop (table.grow $table (ref.func $found) (i32.const 100)))
        ;; A byte of argument comes after its length.
        (if (i32.eq (i32.load8_u (i32.const 261)) (i32.const 1)) (then (unreachable)))
        (if (i32.eq (i32.load8_u (i32.const 261)) (i32.const 2)) (then (loop (br 0))))
        (if (i32.eq (i32.load8_u (i32.const 261)) (i32.const 3)) (then (call $deep)))
        (if (i32.eq (i32.load8_u (i32.const 261)) (i32.const 4))
            (then (drop (memory.grow (i32.const 60000)))))
        (i64.or (i64.shl (i64.const 2) (i64.const 32)) (i64.const 16))"#,
    alloc: "i32.const 260",
    pages: 2,
    panic_at: 8,
    more: r#"
        (global $mark (mut i32) (i32.const 0))
        (table $table 1 funcref)
        (func $found (export "found") (drop (i32.div_u (i32.const 1) (i32.const 0))))
        (func $deep (call $deep))
        (data (i32.const 16) "\00\00")"#,
};

type Load = fn(TaskModuleBuilder) -> TaskModuleBuilder;
type Build = fn(ProcessPoolBuilder<TaskModule>) -> ProcessPoolBuilder<TaskModule>;

/// Runs more tasks than a module has slots, with every end that a task can have, one after the other on one
/// worker, so that slots are used again and again.
fn leaves_nothing(what: &str, load: Load, build: Build) {
    let module = load(MARKED.builder()).load().unwrap();
    let limits = Limits::new()
        .memory_bytes(1 << 20)
        .timeout(Duration::from_millis(2));
    let builder = ProcessPool::builder(module).workers(1).limits(limits);
    let pool = build(builder).build().unwrap();
    for round in 0..40 {
        for end in 0..5 {
            // All but the endless have time.
            let patient = Limits::new().memory_bytes(1 << 20);
            let handle = match end {
                2 => pool.submit(lie, vec![end]),
                _ => pool.with(patient).submit(lie, vec![end]),
            };
            let outcome = handle.unwrap().join();
            let kind = outcome.as_ref().map_err(sandpool::TaskError::kind);
            let is_as_told = match end {
                0 => kind.is_ok(),
                1 => matches!(kind, Err(TaskErrorKind::Trapped(TrapKind::Unreachable))),
                2 => matches!(kind, Err(TaskErrorKind::DeadlineExceeded { .. })),
                3 => matches!(kind, Err(TaskErrorKind::StackOverflow { .. })),
                _ => matches!(kind, Err(TaskErrorKind::MemoryLimitExceeded { .. })),
            };
            assert!(is_as_told, "{what}, round {round}, end {end}: {outcome:?}");
        }
    }
}

/// Conformance: B5 (processes)
#[test]
fn a_task_sees_nothing_of_an_earlier_one_by_default() {
    leaves_nothing("the default", |module| module, |pool| pool);
}

#[test]
fn a_task_sees_nothing_of_an_earlier_one_where_accesses_are_checked() {
    leaves_nothing("bounds checks", TaskModuleBuilder::bounds_checks, |pool| {
        pool
    });
}

#[test]
fn a_task_sees_nothing_of_an_earlier_one_where_fuel_is_counted() {
    leaves_nothing("fuel", TaskModuleBuilder::fuel_metering, |pool| pool);
    leaves_nothing("deterministic", TaskModuleBuilder::deterministic, |pool| {
        pool
    });
}

#[test]
fn a_task_sees_nothing_of_an_earlier_one_with_other_stacks_and_pools() {
    leaves_nothing(
        "a small stack",
        |module| module.stack_bytes(64 << 10),
        |pool| pool,
    );
    leaves_nothing(
        "a large stack",
        |module| module.stack_bytes(16 << 20),
        |pool| pool.queue(1).name("other"),
    );
}

/// What is kept for one task only is not shared, and what has ended badly is never kept.
#[test]
fn a_sandbox_that_serves_one_task_shares_nothing() {
    leaves_nothing(
        "reuse for one task",
        |module| module,
        |pool| {
            let tasks = 1.try_into().unwrap();
            pool.isolation(Isolation::Reuse { tasks })
        },
    );
    leaves_nothing(
        "reuse of what has not grown",
        |module| module,
        |pool| {
            let tasks = 100.try_into().unwrap();
            pool.isolation(Isolation::Reuse { tasks })
                .reuse_memory_bytes(2 << 16)
        },
    );
}

/// The test can fail: a sandbox that is kept shows its marks.
#[test]
fn a_sandbox_that_is_kept_shows_what_was_left_in_it() {
    let module = MARKED.builder().load().unwrap();
    let tasks = 2.try_into().unwrap();
    let builder = ProcessPool::builder(module).workers(1);
    let pool = builder
        .isolation(Isolation::Reuse { tasks })
        .build()
        .unwrap();
    pool.submit(lie, vec![0]).unwrap().join().unwrap();
    let error = pool.submit(lie, vec![0]).unwrap().join().unwrap_err();
    assert!(
        matches!(
            error.kind(),
            TaskErrorKind::Trapped(TrapKind::DivisionByZero)
        ),
        "{error}"
    );
}

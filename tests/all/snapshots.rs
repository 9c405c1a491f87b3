//! Sandboxes that begin where another one has ended.

use std::error::Error;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use fault_tasks as tasks;
use sandpool::{
    Grants, Initialization, Interruption, Isolation, Limits, LoadError, ModuleStore, ProcessPool,
    ProcessPoolBuilder, SnapshotError, TaskErrorKind, TaskModule,
};
use sandpool_tests::fault_module;
use shop_tasks::total;

use crate::by_hand::{Guest, HONEST, lie};
use crate::folder::Folder;
use crate::fuel::burnt;

/// Some 8 MiB.
const ROWS: u32 = 2_000_000;

fn row(row: u32) -> u32 {
    row.wrapping_mul(2_654_435_761)
}

fn builder() -> ProcessPoolBuilder<TaskModule> {
    ProcessPool::builder(fault_module())
}

/// Conformance: 74 (processes)
#[test]
fn every_sandbox_begins_with_what_the_initializer_has_prepared() {
    for isolation in [
        Isolation::Fresh,
        Isolation::Reuse {
            tasks: 3.try_into().unwrap(),
        },
    ] {
        let builder = builder().initializer(tasks::fill_table, ROWS);
        let pool = builder.isolation(isolation).build().unwrap();
        assert_eq!(pool.stats().initialization, Some(Initialization::Once));
        for number in (0..ROWS).step_by(99_991) {
            let take = |number| {
                pool.submit(tasks::take_row, number)
                    .unwrap()
                    .join()
                    .unwrap()
            };
            assert_eq!(take(number), Some(row(number)));
            assert_eq!(
                pool.call(tasks::take_row, number).unwrap(),
                Some(row(number))
            );
            assert_eq!(take(ROWS), None);
        }
    }
}

/// Each task writes to pages that it shares with all others.
///
/// Conformance: B5 (processes)
#[test]
fn what_a_task_writes_no_other_finds() {
    let pool = builder().initializer(tasks::fill_table, ROWS).workers(2);
    let pool = pool.build().unwrap();
    for _ in 0..50 {
        let rows = pool
            .map(tasks::take_row, (0..20).map(|step| step * 10_007))
            .unwrap();
        for (step, taken) in rows.enumerate() {
            assert_eq!(taken.unwrap(), Some(row(step as u32 * 10_007)));
        }
    }
    assert_eq!(pool.stats().instances_made, 1000);
}

#[test]
fn an_initializer_runs_once_unless_it_is_to_run_in_each_sandbox() {
    for (each, calls) in [(false, 1), (true, 5)] {
        let asked = Arc::new(AtomicUsize::new(0));
        let own = Arc::clone(&asked);
        let grants = Grants::new().function("price", move |_: String| {
            own.fetch_add(1, Ordering::Relaxed);
            Some(1_u64)
        });
        let module = TaskModule::builder(shop_tasks::MODULE).grants(grants);
        let pool = ProcessPool::builder(module.load().unwrap());
        let pool = pool.initializer(total, vec!["apple".to_owned()]);
        let pool = pool.initialize_each(each).build().unwrap();
        for _ in 0..5 {
            assert_eq!(pool.submit(total, Vec::new()).unwrap().join().unwrap(), 0);
        }
        assert_eq!(asked.load(Ordering::Relaxed), calls);
        let expected = match each {
            true => Initialization::EachSandbox,
            false => Initialization::Once,
        };
        assert_eq!(pool.stats().initialization, Some(expected));
    }
    let without = builder().build().unwrap();
    assert_eq!(without.stats().initialization, None);
}

#[test]
fn a_snapshot_is_a_module_as_any_other() {
    let module = fault_module();
    let limits = Limits::new();
    let first = module.snapshot(tasks::remember, 7, &limits).unwrap();
    let by_name = module.snapshot_json("remember", "7", &limits).unwrap();
    let folder = Folder::new("snapshots");
    std::fs::create_dir(folder.path()).unwrap();
    let file = folder.path().join("warm.wasm");
    std::fs::write(&file, by_name).unwrap();
    for module in [TaskModule::new(&first), TaskModule::from_file(file)] {
        let module = module.unwrap();
        assert_eq!(module.tasks(), fault_module().tasks());
        let pool = ProcessPool::new(&module).unwrap();
        assert_eq!(pool.submit(tasks::recall, ()).unwrap().join().unwrap(), 7);
        // A snapshot of a snapshot.
        let second = module.snapshot(tasks::remember, 10, &limits).unwrap();
        let pool = ProcessPool::new(&second).unwrap();
        assert_eq!(pool.submit(tasks::recall, ()).unwrap().join().unwrap(), 17);
    }
    // It was not changed itself.
    let pool = ProcessPool::new(module).unwrap();
    assert_eq!(pool.submit(tasks::recall, ()).unwrap().join().unwrap(), 0);
}

#[test]
fn a_snapshot_is_kept_in_the_store_of_its_module() {
    let folder = Folder::new("stored-snapshots");
    let store = ModuleStore::open(folder.path()).unwrap();
    let load = || {
        TaskModule::builder(tasks::MODULE)
            .store(&store)
            .load()
            .unwrap()
    };
    for was_stored in [false, true] {
        let pool = ProcessPool::builder(load()).initializer(tasks::remember, 7);
        let pool = pool.build().unwrap();
        assert_eq!(pool.module().was_stored(), was_stored);
        assert_eq!(pool.submit(tasks::recall, ()).unwrap().join().unwrap(), 7);
    }
}

#[test]
fn tasks_of_a_snapshot_are_stopped_as_others_are() {
    for interruption in [Interruption::Polls, Interruption::Epochs] {
        let module = TaskModule::builder(tasks::MODULE).interruption(interruption);
        let pool = ProcessPool::builder(module.load().unwrap());
        let pool = pool.initializer(tasks::remember, 7).build().unwrap();
        assert_eq!(pool.stats().interruption, Some(interruption));
        let brief = pool.with(Limits::new().timeout(Duration::from_millis(10)));
        let error = brief.submit(tasks::spin, ()).unwrap().join().unwrap_err();
        assert!(error.is_timeout(), "{error}");
        let error = pool
            .submit(tasks::boom, "x".to_owned())
            .unwrap()
            .join()
            .unwrap_err();
        assert!(
            matches!(error.kind(), TaskErrorKind::Panicked(_)),
            "{error}"
        );
    }
}

/// Its memory is there from the start.
#[test]
fn a_sandbox_is_not_made_for_a_task_that_may_not_have_as_much_memory() {
    let pool = builder()
        .initializer(tasks::fill_table, ROWS)
        .build()
        .unwrap();
    let small = pool.with(Limits::new().memory_bytes(4 << 20));
    let error = small
        .submit(tasks::take_row, 1)
        .unwrap()
        .join()
        .unwrap_err();
    assert!(
        matches!(error.kind(), TaskErrorKind::MemoryLimitExceeded { requested_bytes, .. } if *requested_bytes > 8_000_000),
        "{error}"
    );
    assert_eq!(
        pool.submit(tasks::take_row, 1).unwrap().join().unwrap(),
        Some(row(1))
    );
}

/// With [`HONEST`]'s answers. Each task adds to the globals, and traps unless they are what they were made
/// with and the first task has left.
const COUNTING: Guest = Guest {
    task: r#"
        (if (i32.ne (global.get $calls) (i32.load (i32.const 64))) (then (unreachable)))
        (if (i64.ne (global.get $i64) (i64.extend_i32_u (global.get $calls))) (then (unreachable)))
        (if (f32.ne (global.get $f32) (f32.convert_i32_u (global.get $calls))) (then (unreachable)))
        (if (f64.ne (global.get $f64) (f64.convert_i32_u (global.get $calls))) (then (unreachable)))
        (if (i32.ne (i32x4.extract_lane 3 (global.get $v128)) (global.get $calls)) (then (unreachable)))
        (global.set $calls (i32.add (global.get $calls) (i32.const 1)))
        (i32.store (i32.const 64) (global.get $calls))
        (global.set $i64 (i64.extend_i32_u (global.get $calls)))
        (global.set $f32 (f32.convert_i32_u (global.get $calls)))
        (global.set $f64 (f64.convert_i32_u (global.get $calls)))
        (global.set $v128 (i32x4.splat (global.get $calls)))
        (if (i32.gt_u (global.get $calls) (i32.const 2)) (then (unreachable)))
        (memory.init $passive (i32.const 16) (i32.const 0) (i32.const 2))
        (i64.or (i64.shl (i64.const 2) (i64.const 32)) (i64.const 16))"#,
    more: r#"
        (global $calls (mut i32) (i32.const 0))
        (global $constant i32 (i32.const 5))
        (global $i64 (mut i64) (i64.const 0))
        (global $f32 (mut f32) (f32.const 0))
        (global $f64 (mut f64) (f64.const 0))
        (global $v128 (mut v128) (v128.const i32x4 0 0 0 0))
        (data (i32.const 128) "active")
        (data $passive "\00\00")"#,
    ..HONEST
};

#[test]
fn globals_of_all_types_and_passive_data_are_as_the_initializer_left_them() {
    let pool = || ProcessPool::builder(COUNTING.builder().load().unwrap());
    // Once more is too often.
    let twice = pool().build().unwrap();
    let wasm = twice
        .module()
        .snapshot(lie, b"".into(), &Limits::new())
        .unwrap();
    let pool = ProcessPool::builder(&wasm[..]).initializer(lie, b"".into());
    let pool = pool.build().unwrap();
    assert_eq!(pool.stats().initialization, Some(Initialization::Once));
    let error = pool.submit(lie, b"".into()).unwrap().join().unwrap_err();
    assert!(matches!(error.kind(), TaskErrorKind::Trapped(_)), "{error}");
    // And once is not.
    let pool = ProcessPool::new(&wasm).unwrap();
    for _ in 0..3 {
        pool.submit(lie, b"".into()).unwrap().join().unwrap();
    }
}

#[test]
fn what_a_module_cannot_hold_is_prepared_in_each_sandbox() {
    let guest = |more| Guest { more, ..HONEST };
    let many: String = (0..1001)
        .map(|_| "(global (mut i32) (i32.const 0))".to_owned())
        .collect();
    let data = r#"(data (i32.const 16) "\00\00")"#;
    let many: &str = Box::leak(format!("{many}{data}").into_boxed_str());
    for (more, reason) in [
        (
            r#"(table $t 1 funcref) (func (table.set $t (i32.const 0) (ref.null func)))
            (data (i32.const 16) "\00\00")"#,
            "table.set",
        ),
        (
            r#"(func (data.drop $d)) (data (i32.const 16) "\00\00") (data $d "x")"#,
            "data.drop",
        ),
        (
            r#"(func (export "__wizer_memory_0")) (data (i32.const 16) "\00\00")"#,
            "begin with `__wizer`",
        ),
        (
            r#"(table (export "__wizer_global_0") 1 funcref) (data (i32.const 16) "\00\00")"#,
            "begin with `__wizer`",
        ),
        (many, "too many globals"),
    ] {
        let module = guest(more).builder().load().unwrap();
        let error = module
            .snapshot(lie, b"".into(), &Limits::new())
            .unwrap_err();
        let SnapshotError::Unsupported(told) = &error else {
            panic!("{error}");
        };
        assert!(told.contains(reason), "{told}");
        let pool = ProcessPool::builder(module).initializer(lie, b"".into());
        let pool = pool.build().unwrap();
        assert_eq!(
            pool.stats().initialization,
            Some(Initialization::EachSandbox)
        );
        pool.submit(lie, b"".into()).unwrap().join().unwrap();
    }
    let grants = crate::grants::module(crate::grants::all());
    let error = grants.snapshot(grant_tasks::tick_once, (), &Limits::new());
    assert!(matches!(error, Err(SnapshotError::Unsupported(_))));
}

#[test]
fn who_makes_a_snapshot_is_told_what_ended_the_task() {
    let module = fault_module();
    let limits = Limits::new();
    let error = module
        .snapshot(tasks::fail, "x".to_owned(), &limits)
        .unwrap_err();
    assert!(matches!(&error, SnapshotError::Task(task) if task.task() == "fail"));
    assert!(
        error.to_string().starts_with("task `fail` failed"),
        "{error}"
    );
    assert!(error.source().is_some());
    let brief = limits.clone().timeout(Duration::from_millis(10));
    let error = module.snapshot(tasks::spin, (), &brief).unwrap_err();
    assert!(
        matches!(&error, SnapshotError::Task(task) if task.is_timeout()),
        "{error}"
    );
    let error = module.snapshot_json("no_such", "1", &limits).unwrap_err();
    assert!(matches!(
        error,
        SnapshotError::Load(LoadError::MissingTask { .. })
    ));
    let error = module.snapshot(tasks::unencodable_argument, tasks::Unencodable, &limits);
    let Err(SnapshotError::Task(error)) = error else {
        panic!("{error:?}");
    };
    assert!(matches!(error.kind(), TaskErrorKind::BadArguments(_)));
    let error = module
        .snapshot(tasks::add, (1, 2), &limits.fuel(10))
        .unwrap_err();
    assert!(matches!(error, SnapshotError::NotMetered));
}

/// An initializer that does not end in time is tried again in each sandbox, within the limits of its task.
#[test]
fn a_pool_can_be_built_whose_initializer_has_no_end() {
    let brief = Limits::new().timeout(Duration::from_millis(10));
    let pool = builder().initializer(tasks::spin, ()).limits(brief).build();
    let pool = pool.unwrap();
    assert_eq!(
        pool.stats().initialization,
        Some(Initialization::EachSandbox)
    );
    let error = pool.submit(tasks::add, (1, 2)).unwrap().join().unwrap_err();
    assert!(error.is_timeout(), "{error}");
}

/// It burns no fuel of the tasks'.
#[test]
fn tasks_of_a_snapshot_burn_what_they_need_alone() {
    let module = TaskModule::builder(tasks::MODULE)
        .fuel_metering()
        .load()
        .unwrap();
    let fuel = |pool: ProcessPoolBuilder<&TaskModule>| {
        let pool = pool.build().unwrap();
        burnt(pool.submit(tasks::recall, ()).unwrap()).unwrap()
    };
    let without = fuel(ProcessPool::builder(&module));
    let once = fuel(ProcessPool::builder(&module).initializer(tasks::fill_table, 1000));
    let each = ProcessPool::builder(&module).initializer(tasks::fill_table, 1000);
    // The first task of a sandbox has more to do than the next ones.
    assert!(once <= without, "{once} {without}");
    assert!(fuel(each.initialize_each(true)) > once);
}

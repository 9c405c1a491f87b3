//! The deterministic profile: the same arguments, the same bits, the same fuel.

use fault_tasks as tasks;
use sandpool::{LoadError, ProcessPool, TaskModule, WaitFor, wait};

use crate::by_hand::{Guest, HONEST, lie};

/// Returns the bits of what has no number as its result, in several ways.
const NANS: Guest = Guest {
    task: r#"
        (i64.store (i32.const 19) (i64.reinterpret_f64
            (f64.div (f64.load (i32.const 8)) (f64.load (i32.const 8)))))
        (i64.store (i32.const 27) (i64.reinterpret_f64
            (f64.sqrt (f64.sub (f64.load (i32.const 8)) (f64.const 1)))))
        (i64.store (i32.const 35) (i64.extend_i32_u (i32.reinterpret_f32
            (f32.div (f32.load (i32.const 8)) (f32.load (i32.const 8))))))
        ;; Adds two that have payloads.
        (i64.store (i32.const 43) (i64.reinterpret_f64 (f64.add
            (f64.reinterpret_i64 (i64.or (i64.load (i32.const 8)) (i64.const 0x7FF8000000000123)))
            (f64.reinterpret_i64 (i64.or (i64.load (i32.const 8)) (i64.const 0xFFF8000000000456))))))
        (i64.or (i64.shl (i64.const 35) (i64.const 32)) (i64.const 16))"#,
    // A value: a list of one list of 32 bytes.
    more: r#"(data (i32.const 16) "\00\01\20")"#,
    ..HONEST
};

#[test]
fn what_is_no_number_has_the_same_bits_everywhere() {
    const NAN: u64 = 0x7FF8_0000_0000_0000;
    const NAN32: u64 = 0x7FC0_0000;
    let module = NANS.builder().deterministic().load().unwrap();
    let pool = ProcessPool::new(module).unwrap();
    let bytes = pool.submit(lie, Vec::new()).unwrap().join().unwrap();
    let bits: Vec<u64> = bytes[0]
        .chunks_exact(8)
        .map(|word| u64::from_le_bytes(word.try_into().unwrap()))
        .collect();
    assert_eq!(bits, [NAN, NAN, NAN32, NAN], "{bits:x?}");
}

/// Runs tasks of several kinds and returns their results and what each has burnt.
fn run(pool: &ProcessPool) -> Vec<(String, Option<u64>)> {
    let calls = [
        ("spin_until", "12345"),
        ("echo", "\"text\""),
        ("add", "[1, 2]"),
        ("checked", "1.5"),
        ("boom", "\"bad luck\""),
        ("index_out_of_bounds", "9"),
        ("hoard", "3000000"),
        ("recurse_with_buffers", "100"),
    ];
    let handles = calls.map(|(task, json)| pool.submit_json(task, json).unwrap());
    let finished = wait(handles, WaitFor::All, None).done;
    let outcome = |handle: sandpool::TaskHandle<String>| {
        let fuel = handle.fuel_used();
        let text = handle.join().unwrap_or_else(|error| error.to_string());
        (text, fuel)
    };
    finished.into_iter().map(outcome).collect()
}

#[test]
fn every_run_gives_the_same_results_and_burns_the_same_fuel() {
    let load = || {
        let builder = TaskModule::builder(fault_tasks::MODULE);
        builder.deterministic().load().unwrap()
    };
    let module = load();
    let first = run(&ProcessPool::builder(&module).workers(1).build().unwrap());
    assert!(
        first
            .iter()
            .all(|(_, fuel)| fuel.is_some_and(|fuel| fuel > 0))
    );
    for workers in [1, 2, 4] {
        let pool = ProcessPool::builder(&module)
            .workers(workers)
            .build()
            .unwrap();
        assert_eq!(run(&pool), first, "{workers} workers");
        assert_eq!(run(&pool), first, "{workers} workers, again");
    }
    let loaded_again = ProcessPool::new(load()).unwrap();
    assert_eq!(run(&loaded_again), first);
    // Whether accesses are checked one by one makes no difference to what is counted.
    let checked = TaskModule::builder(fault_tasks::MODULE).deterministic();
    let checked = ProcessPool::new(checked.bounds_checks().load().unwrap()).unwrap();
    assert_eq!(run(&checked), first);
}

/// The numbers that these tasks burn on every machine: they change with the engine, the compiler of the guest
/// or its code, and with nothing else.
#[test]
fn fuel_counts_instructions() {
    let module = NANS.builder().deterministic().load().unwrap();
    let pool = ProcessPool::new(module).unwrap();
    let waited = wait([pool.submit(lie, Vec::new()).unwrap()], WaitFor::All, None);
    assert_eq!(waited.done[0].fuel_used(), Some(48));
}

#[test]
fn stacks_that_no_thread_could_have_are_refused() {
    for bytes in [0, 1000, usize::MAX] {
        let builder = TaskModule::builder(fault_tasks::MODULE).stack_bytes(bytes);
        let error = builder.load().unwrap_err();
        assert!(matches!(error, LoadError::Settings(_)), "{error}");
        assert!(error.to_string().contains(&bytes.to_string()), "{error}");
    }
}

#[test]
fn a_stack_is_as_deep_as_it_was_asked_for() {
    let deepest = |bytes| {
        let builder = TaskModule::builder(fault_tasks::MODULE).stack_bytes(bytes);
        let pool = ProcessPool::builder(builder.load().unwrap()).workers(1);
        let pool = pool.build().unwrap();
        let overflows = |depth: u64| {
            let outcome = pool
                .submit(tasks::recurse, u64::MAX - depth)
                .unwrap()
                .join();
            outcome.map_err(|error| error.to_string()).err()
        };
        let mut depth = 1;
        loop {
            if let Some(error) = overflows(depth) {
                assert!(
                    error.ends_with(&format!("used up its stack of {bytes} bytes")),
                    "{error}"
                );
                return depth;
            }
            depth *= 2;
        }
    };
    assert!(deepest(64 << 10) < deepest(1 << 20));
}

//! Nothing leaks from task to task.

use fault_tasks as tasks;
use sandpool::{Interruption, Isolation, Limits, ProcessPool};
use sandpool_tests::pool;

use crate::by_hand::{Guest, HONEST, lie};

/// Conformance: 29, B5 (processes)
#[test]
fn every_task_starts_with_the_modules_initial_memory() {
    let pool = pool(2, Limits::new());
    let counts = pool.map(tasks::count_calls, [(); 100]).unwrap();
    for count in counts {
        assert_eq!(count.unwrap(), 1);
    }
}

/// Conformance: 29 (processes)
#[test]
fn every_task_has_all_the_memory_that_it_may_use() {
    const BYTES: usize = 16 << 20;
    // Room for the memory of one task and not of two, and more tasks than there are sandboxes.
    let pool = pool(2, Limits::new().memory_bytes(BYTES + BYTES / 2));
    let pages = pool.map(tasks::hoard, [BYTES as u64; 200]).unwrap();
    for pages_touched in pages {
        assert_eq!(pages_touched.unwrap(), BYTES as u64 / 4096);
    }
}

#[test]
fn a_fault_leaves_nothing_behind_either() {
    let pool = pool(1, Limits::new());
    for _ in 0..20 {
        let boom = pool.submit(tasks::boom, "x".repeat(10_000)).unwrap();
        let after = pool.submit(tasks::abort, ()).unwrap();
        assert!(boom.join().unwrap_err().is_panic());
        // The report of the panic before would make this abort a panic.
        assert!(!after.join().unwrap_err().is_panic());
    }
}

/// Adds up all of its memory, and of more that it grows, and then writes to every word of it.
const MARKS: Guest = Guest {
    task: r#"
        (local $at i32) (local $end i32) (local $sum i64)
        (drop (memory.grow (i32.const 16)))
        (local.set $at (i32.const 2048))
        (local.set $end (i32.shl (memory.size) (i32.const 16)))
        (loop $all
            (local.set $sum (i64.add (local.get $sum) (i64.load (local.get $at))))
            (i64.store (local.get $at) (i64.const -1))
            (local.set $at (i32.add (local.get $at) (i32.const 8)))
            (br_if $all (i32.lt_u (local.get $at) (local.get $end))))
        ;; A value: a list of one list of eight bytes.
        (i32.store (i32.const 16) (i32.const 0x080100))
        (i64.store (i32.const 19) (local.get $sum))
        (i64.or (i64.shl (i64.const 11) (i64.const 32)) (i64.const 16))"#,
    // More than what stays mapped for the next sandbox.
    pages: 48,
    more: r#"(data (i32.const 4096) "\07") (data (i32.const 3000000) "\05")"#,
    ..HONEST
};

/// Conformance: 29 (processes)
#[test]
fn no_byte_of_a_tasks_memory_is_found_by_the_next() {
    for interruption in [Interruption::Polls, Interruption::Epochs] {
        let module = MARKS.builder().interruption(interruption).load().unwrap();
        let pool = ProcessPool::builder(module).workers(2).build().unwrap();
        for sum in pool.map(lie, (0..100).map(|_| Vec::new())).unwrap() {
            let initial: u64 = 7 + 5;
            assert_eq!(sum.unwrap(), [initial.to_le_bytes()]);
        }
    }
}

/// The counterpart: a sandbox that is used again does find it.
#[test]
fn a_sandbox_that_is_used_again_keeps_its_memory() {
    let pool = ProcessPool::builder(MARKS.builder().load().unwrap())
        .workers(1)
        .isolation(Isolation::Reuse {
            tasks: 2.try_into().unwrap(),
        })
        .build()
        .unwrap();
    let sums = pool.map(lie, (0..2).map(|_| Vec::new())).unwrap();
    let [first, second] = <[_; 2]>::try_from(sums.map(Result::unwrap).collect::<Vec<_>>()).unwrap();
    assert_ne!(first, second);
}

//! Nothing leaks from task to task.

use fault_tasks as tasks;
use sandpool::Limits;
use sandpool_tests::pool;

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

//! Honest tasks, which go on all the time, and whose results are compared.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;

use fault_tasks as tasks;
use sandpool::{Limits, ProcessPool};

/// Pools that are there for as long as the corpus is run.
pub(crate) struct Honest {
    pool: Arc<ProcessPool>,
    goes_on: Arc<AtomicBool>,
    thread: JoinHandle<u64>,
}

impl Honest {
    /// Has a thread submit honest tasks, and compare, without a pause.
    pub(crate) fn start() -> Self {
        let pool = Arc::new(sandpool_tests::pool(1, Limits::new()));
        let goes_on = Arc::new(AtomicBool::new(true));
        let thread = std::thread::spawn({
            let (pool, goes_on) = (Arc::clone(&pool), Arc::clone(&goes_on));
            move || {
                let mut served = 0;
                while goes_on.load(Ordering::Relaxed) {
                    served += check(&pool);
                }
                served
            }
        });
        Self {
            pool,
            goes_on,
            thread,
        }
    }

    /// Runs some more, on this thread.
    pub(crate) fn check(&self) {
        check(&self.pool);
    }

    /// How many threads of these there are, beside the test's own.
    pub(crate) fn threads(&self) -> usize {
        2
    }

    /// Returns how many tasks were served by the thread.
    pub(crate) fn stop(self) -> u64 {
        self.goes_on.store(false, Ordering::Relaxed);
        self.thread.join().expect("all results were right")
    }
}

fn check(pool: &ProcessPool) -> u64 {
    let sum = pool.submit(tasks::add, (20, 22)).unwrap();
    let bytes = pool.submit(tasks::echo_bytes, vec![7; 5000]).unwrap();
    let counted = pool.submit(tasks::spin_until, 5000).unwrap();
    assert_eq!(sum.join().unwrap(), 42);
    assert_eq!(bytes.join().unwrap(), [7; 5000]);
    assert_eq!(counted.join().unwrap(), 5000);
    3
}

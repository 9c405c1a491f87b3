//! Many tasks of every fate at once: each ends once, with the right outcome.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use fault_tasks as tasks;
use sandpool::{Limits, TaskError, TaskErrorKind, TaskHandle};
use sandpool_tests::pool;

const TASKS: usize = 10_000;
/// Every so many tasks, one runs into its timeout: that takes its time.
const SPIN_EVERY: usize = 1000;
/// Long for the others, also on a machine that is busy with something else.
const TIMEOUT: Duration = Duration::from_millis(500);

#[derive(Clone, Copy, Debug, PartialEq)]
enum Fate {
    Value,
    Failed,
    Panicked,
    Trapped,
    TimedOut,
    Cancelled,
}

fn fate(number: usize) -> Fate {
    match number % 5 {
        _ if number.is_multiple_of(SPIN_EVERY) => Fate::TimedOut,
        0 => Fate::Value,
        1 => Fate::Failed,
        2 => Fate::Panicked,
        3 => Fate::Trapped,
        _ => Fate::Cancelled,
    }
}

fn fate_of(outcome: &Result<u32, TaskError>) -> Fate {
    match outcome.as_ref().map_err(TaskError::kind) {
        Ok(_) => Fate::Value,
        Err(TaskErrorKind::Failed(_)) => Fate::Failed,
        Err(TaskErrorKind::Panicked(_)) => Fate::Panicked,
        Err(TaskErrorKind::Trapped(_)) => Fate::Trapped,
        Err(TaskErrorKind::DeadlineExceeded { .. }) => Fate::TimedOut,
        Err(TaskErrorKind::Cancelled) => Fate::Cancelled,
        Err(other) => panic!("{other}"),
    }
}

/// Conformance: 12, 16, 79, B4 (processes)
#[test]
fn ten_thousand_tasks_of_every_fate_each_end_once_as_they_should() {
    let pool = pool(2, Limits::new().timeout(TIMEOUT));
    let ends: Arc<[AtomicUsize]> = (0..TASKS).map(|_| AtomicUsize::new(0)).collect();
    let handles: Vec<TaskHandle<u32>> = (0..TASKS)
        .map(|number| {
            let handle = match fate(number) {
                Fate::Value => pool.submit(tasks::fail, number.to_string()).unwrap(),
                Fate::Failed => pool.submit(tasks::fail, "no number".to_owned()).unwrap(),
                Fate::Panicked => pool.submit(tasks::index_out_of_bounds, 3).unwrap(),
                Fate::Trapped => pool.submit(tasks::wild_read, ()).unwrap(),
                Fate::TimedOut | Fate::Cancelled => {
                    pool.submit(tasks::spin_as_number, number as u32).unwrap()
                }
            };
            let ends = Arc::clone(&ends);
            handle.on_finish(move |_| {
                ends[number].fetch_add(1, Ordering::Relaxed);
            });
            // Some are running by now, most are queued.
            if fate(number) == Fate::Cancelled {
                assert!(handle.cancel());
            }
            handle
        })
        .collect();
    let mut counts = [0u64; 6];
    for (number, handle) in handles.into_iter().enumerate() {
        let outcome = handle.join();
        assert_eq!(
            fate_of(&outcome),
            fate(number),
            "task {number}: {outcome:?}"
        );
        counts[fate(number) as usize] += 1;
    }
    assert!(ends.iter().all(|ends| ends.load(Ordering::Relaxed) == 1));
    let stats = pool.stats();
    let counted: [u64; 6] = [
        stats.succeeded,
        stats.failed,
        stats.panicked,
        stats.trapped,
        stats.timed_out,
        stats.cancelled,
    ];
    assert_eq!(counted, counts);
    assert_eq!((stats.queued, stats.running), (0, 0));
    assert_eq!(stats.submitted(), TASKS as u64);
    assert!(stats.busy >= TIMEOUT, "{stats:?}");
    // In the order of `Fate`.
    assert_eq!(counts, [1990, 2000, 2000, 2000, 10, 2000]);
}

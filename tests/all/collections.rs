//! The results of many tasks, in the order of their inputs: map.

use std::sync::Arc;

use fault_tasks as tasks;
use sandpool::{Limits, Shutdown, SubmitErrorKind, ThreadPool};
use sandpool_tests::{LONG, on_both_pools, pool};

/// Conformance: 32, 35, 36, 37 (both)
#[test]
fn map_returns_results_in_input_order_and_errors_in_their_places() {
    on_both_pools(2, |pool| {
        let mut results = pool.map_parse(&["1", "x", "3"]);
        assert_eq!(results.len(), 3);
        assert_eq!(results.next().unwrap().unwrap(), 1);
        assert!(!results.next().unwrap().unwrap_err().is_cancelled());
        assert_eq!(results.next().unwrap().unwrap(), 3);
        assert!(results.next().is_none());
        assert!(results.next().is_none(), "and it stays at its end");

        let texts: Vec<_> = (0..100).map(|n| n.to_string()).collect();
        let texts: Vec<_> = texts.iter().map(String::as_str).collect();
        let numbers: Result<Vec<_>, _> = pool.map_parse(&texts).collect();
        assert!(numbers.unwrap().into_iter().eq(0..100));
    });
}

/// Conformance: 32 (both)
#[test]
fn zipped_inputs_of_a_map_end_with_the_shortest() {
    let inputs = || (1..).zip([10, 20, 30]);
    let threads = ThreadPool::new(2).unwrap();
    let sums = threads.map(|(left, right)| left + right, inputs()).unwrap();
    assert!(sums.map(Result::unwrap).eq([11, 22, 33]));
    let processes = pool(2, Limits::new());
    let sums = processes.map(tasks::add, inputs()).unwrap();
    assert!(sums.map(Result::unwrap).eq([11, 22, 33]));
}

/// Conformance: 34 (both)
#[test]
fn the_tasks_of_a_map_run_although_nobody_asks_for_results() {
    on_both_pools(2, |pool| {
        let results = pool.map_parse(&["1", "2", "3", "x", "5"]);
        assert_eq!(pool.stats().submitted(), 5);
        pool.shutdown(Shutdown::Finish);
        let stats = pool.stats();
        assert_eq!(
            (stats.succeeded, stats.errors(), stats.cancelled),
            (4, 1, 0)
        );
        assert_eq!(results.filter_map(Result::ok).sum::<u32>(), 11);
    });
}

/// Conformance: 41 (both)
#[test]
fn dropping_a_map_cancels_the_rest() {
    on_both_pools(1, |pool| {
        let mut results = pool.map_parse(&["1"]);
        assert_eq!(results.next().unwrap().unwrap(), 1);
        let busy = pool.busy();
        let never_asked = pool.map_parse(&["2"; 50]);
        assert_eq!(pool.stats().queued, 50);
        drop(never_asked);
        assert_eq!((pool.stats().queued, pool.stats().cancelled), (0, 50));
        drop(busy);

        let first = pool.number(3);
        let mut asked = pool.map_parse(&["4", "5", "6"]);
        assert_eq!(asked.next().unwrap().unwrap(), 4);
        assert!(first.is_finished());
        drop(asked);
        assert_eq!(pool.stats().queued, 0);
        assert_eq!(pool.number(7).join().unwrap(), 7);
    });
}

/// Conformance: 41 (processes)
#[test]
fn dropping_a_map_stops_what_runs_of_it() {
    let pool = pool(1, Limits::new());
    let inputs = (0..50).map(|_| ());
    let results = pool.map(tasks::spin, inputs).unwrap();
    drop(results);
    // Fifty endless tasks are gone from the only worker.
    let handle = pool.submit(tasks::add, (1, 1)).unwrap();
    assert_eq!(handle.join_timeout(LONG).unwrap().unwrap(), 2);
}

/// Conformance: 45 (both)
#[test]
fn a_map_of_nothing_ends_at_once() {
    on_both_pools(1, |pool| {
        let mut results = pool.map_parse(&[]);
        assert_eq!(results.len(), 0);
        assert!(results.next().is_none());
        assert_eq!(pool.started(), 0);
    });
}

/// Conformance: 46 (both)
#[test]
fn a_map_keeps_nothing_of_what_it_has_returned() {
    on_both_pools(1, |pool| {
        let held: Vec<Arc<()>> = (0..3).map(|_| Arc::default()).collect();
        let mut results = pool.map_hold(held.clone());
        for held in &held {
            let result = results.next().unwrap().unwrap();
            assert_eq!(Arc::strong_count(held), 1);
            let left = Arc::downgrade(&result);
            drop(result);
            assert!(left.upgrade().is_none());
        }
    });
}

/// Conformance: 47 (both)
#[test]
fn a_map_that_is_followed_by_shutdown_at_once_ends() {
    for _ in 0..20 {
        on_both_pools(2, |pool| {
            let results = pool.map_parse(&["1", "2", "3"]);
            assert!(pool.shutdown_timeout(Shutdown::Finish, LONG));
            assert!(results.map(Result::unwrap).eq(1..=3));
        });
    }
}

#[test]
fn map_asks_for_the_task_even_without_inputs() {
    #[derive(Clone, Copy)]
    struct Absent;
    impl sandpool::Task for Absent {
        type Args = ();
        type Output = ();
        const RECORD: sandpool_abi::Record = sandpool_abi::Record {
            name: "absent",
            ..<tasks::nothing as sandpool::Task>::RECORD
        };
        fn encode(
            args: &(),
        ) -> Result<sandpool_abi::Arguments<'_>, sandpool_abi::codec::CodecError> {
            <tasks::nothing as sandpool::Task>::encode(args)
        }
        fn decode(reply: sandpool_abi::Reply<'_>) -> Result<(), sandpool_abi::codec::CodecError> {
            <tasks::nothing as sandpool::Task>::decode(reply)
        }
    }
    let pool = pool(1, Limits::new());
    let error = pool.map(Absent, []).unwrap_err();
    assert!(matches!(error.kind(), SubmitErrorKind::Task(_)));
}

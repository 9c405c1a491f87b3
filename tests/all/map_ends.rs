//! Maps that end early: their time is up, or their pool is shut down.

use std::sync::{Arc, Barrier, Mutex, mpsc};
use std::time::Duration;

use fault_tasks as tasks;
use sandpool::{Limits, MapError, MapOptions, MapWith, Shutdown, SubmitErrorKind, ThreadPool};
use sandpool_tests::{LONG, pool};

/// Conformance: 38, 39 (both)
#[test]
fn a_map_that_takes_too_long_ends_with_an_error_and_cancels_the_rest() {
    let brief = || MapOptions::new().timeout(Duration::from_millis(50));
    let processes = pool(1, Limits::new());
    let inputs = [0, u32::MAX, 1];
    for options in [
        brief(),
        brief().window(2),
        brief().unordered(),
        brief().chunk(1),
    ] {
        let mut map = processes
            .map_with(tasks::spin_as_number, inputs, options)
            .unwrap();
        let error = map.next().unwrap().unwrap_err();
        assert!(
            matches!(error, MapError::TimedOut { limit, returned: 0 } if limit == Duration::from_millis(50))
        );
        assert!(map.next().is_none());
        // The one that was waited for was stopped: the only worker is free.
        assert_eq!(
            processes
                .submit(tasks::add, (1, 1))
                .unwrap()
                .join()
                .unwrap(),
            2
        );
    }
    assert_eq!(processes.stats().cancelled, 3 + 2 + 3 + 3);

    let threads = ThreadPool::new(1).unwrap();
    let (release, released) = mpsc::channel::<()>();
    let released = Mutex::new(released);
    let closure = move |n: i32| {
        if n == 1 {
            let _ = released.lock().unwrap().recv();
        }
        n
    };
    let options = MapOptions::new().timeout(Duration::from_secs(1));
    let mut map = threads.map_with(closure, 0..20, options).unwrap();
    assert_eq!(map.next().unwrap().unwrap(), 0);
    let error = map.next().unwrap().unwrap_err();
    assert_eq!(
        error.to_string(),
        "the map took longer than its limit of 1s; it had returned 1 results"
    );
    assert!(map.next().is_none());
    assert_eq!(threads.stats().cancelled, 18);
    drop(release);
}

/// Conformance: 40 (both)
#[test]
fn a_task_that_runs_out_of_time_is_not_the_maps_time_out() {
    let processes = pool(1, Limits::new());
    let limited = processes.with(Limits::new().timeout(Duration::from_millis(10)));
    let options = MapOptions::new().timeout(LONG);
    let mut map = limited
        .map_with(tasks::spin_as_number, [1, 2], options)
        .unwrap();
    for _ in 0..2 {
        let error = map.next().unwrap().unwrap_err();
        assert!(error.into_task().unwrap().is_timeout());
    }
    assert!(map.next().is_none());

    #[derive(Debug, PartialEq)]
    struct TimedOut;
    let threads = ThreadPool::new(1).unwrap();
    let closure = |n: i32| if n == 0 { Err(TimedOut) } else { Ok(n) };
    let options = MapOptions::new().timeout(LONG);
    let map = threads.map_with(closure, 0..2, options).unwrap();
    let results: Vec<_> = map.map(Result::unwrap).collect();
    assert_eq!(results, [Err(TimedOut), Ok(1)]);
}

#[test]
fn a_map_without_a_window_can_run_out_of_time_while_it_waits_for_the_queue() {
    let pool = ThreadPool::builder().workers(1).queue(1).build().unwrap();
    let (release, released) = mpsc::channel::<()>();
    let released = Mutex::new(released);
    let closure = move |n: i32| {
        if n == 1 {
            let _ = released.lock().unwrap().recv();
        }
        n
    };
    let options = MapOptions::new().timeout(Duration::from_secs(1));
    let mut map = pool.map_with(closure, 0..10, options).unwrap();
    assert_eq!(map.next().unwrap().unwrap(), 0);
    let error = map.next().unwrap().unwrap_err();
    assert!(matches!(error, MapError::TimedOut { returned: 1, .. }));
    assert!(map.next().is_none());
    drop(release);
}

/// Conformance: 48 (both)
#[test]
fn after_a_shutdown_come_the_results_that_there_are_and_an_error() {
    fn check(mut map: MapWith<'_, i32>, shutdown: impl FnOnce()) {
        assert_eq!(map.next().unwrap().unwrap(), 1);
        shutdown();
        let rest: Vec<_> = map.by_ref().collect();
        let (last, results) = rest.split_last().unwrap();
        let results = results.iter().map(|result| *result.as_ref().unwrap());
        assert_eq!(results.collect::<Vec<_>>(), [2, 3]);
        let Err(MapError::NotSubmitted(error)) = last else {
            panic!("{last:?}");
        };
        assert!(matches!(error.kind(), SubmitErrorKind::ShutDown));
        assert!(map.next().is_none());
    }
    let options = || MapOptions::new().window(3);
    let threads = ThreadPool::new(1).unwrap();
    let map = threads.map_with(|n| n + 1, 0.., options()).unwrap();
    check(map, || threads.shutdown(Shutdown::Finish));
    // A pool that is gone altogether is the same.
    let processes = pool(1, Limits::new());
    let inputs = (0..).map(|n| (n, 1));
    let map = processes.map_with(tasks::add, inputs, options()).unwrap();
    check(map, || drop(processes));
}

#[test]
fn a_shutdown_that_stops_a_chunk_leaves_its_tasks_their_outcomes() {
    let options = || MapOptions::new().chunk(3);
    let threads = ThreadPool::new(1).unwrap();
    let together = Arc::new(Barrier::new(2));
    let other = Arc::clone(&together);
    let closure = move |n: i32| {
        if n == 1 {
            other.wait();
            other.wait();
        }
        n
    };
    let mut map = threads.map_with(closure, 0..3, options()).unwrap();
    together.wait();
    assert!(!threads.shutdown_timeout(Shutdown::CancelAll, Duration::ZERO));
    together.wait();
    assert_eq!(map.next().unwrap().unwrap(), 0);
    assert_eq!(map.next().unwrap().unwrap(), 1, "a closure runs on");
    let third = map.next().unwrap().unwrap_err();
    assert!(third.task().unwrap().is_cancelled());

    let processes = pool(1, Limits::new());
    let words = [0, 1 << 40, 0].into_iter();
    let mut map = processes
        .map_with(tasks::spin_until, words, options())
        .unwrap();
    while processes.stats().succeeded < 1 {
        std::thread::yield_now();
    }
    processes.shutdown(Shutdown::CancelAll);
    assert_eq!(map.next().unwrap().unwrap(), 0);
    for _ in 0..2 {
        let error = map.next().unwrap().unwrap_err();
        assert!(error.task().unwrap().is_cancelled());
    }
    let stats = processes.stats();
    assert_eq!((stats.succeeded, stats.cancelled, stats.queued), (1, 2, 0));
}

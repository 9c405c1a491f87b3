//! Maps with options: windows, chunks, order, time, progress.

use std::collections::HashSet;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Barrier, Mutex, mpsc};

use fault_tasks as tasks;
use sandpool::{
    Limits, MapOptions, MapWith, Shutdown, SubmitError, SubmitErrorKind, TaskErrorKind, ThreadPool,
};
use sandpool_tests::{LONG, pool};

/// A map over numbers, to the next number each, on either pool.
type Next<'a> = dyn Fn(Vec<i32>, MapOptions) -> Result<MapWith<'static, i32>, SubmitError> + 'a;

fn on_both_pools(check: fn(&Next<'_>)) {
    let threads = ThreadPool::new(2).unwrap();
    check(&|inputs, options| threads.map_with(|n| n + 1, inputs, options));
    let processes = pool(2, Limits::new());
    check(&|inputs, options| {
        let inputs = inputs.into_iter().map(|n| (n, 1));
        processes.map_with(tasks::add, inputs, options)
    });
}

fn values<T>(map: MapWith<'_, T>) -> Vec<T>
where
    T: Send + 'static,
{
    map.collect::<Result<_, _>>().unwrap()
}

/// Conformance: 33, 43 (both)
#[test]
fn every_window_and_every_chunk_gives_the_same_results() {
    on_both_pools(|next| {
        let inputs: Vec<i32> = (0..50).collect();
        let expected: Vec<i32> = (1..51).collect();
        for window in [None, Some(1), Some(3), Some(50), Some(1000)] {
            for chunk in [None, Some(1), Some(7), Some(50), Some(99)] {
                let mut options = MapOptions::new();
                options = window.map_or(MapOptions::new(), |window| options.window(window));
                options = match chunk {
                    Some(inputs) => options.chunk(inputs),
                    None => options.auto_chunk(),
                };
                let map = next(inputs.clone(), options).unwrap();
                assert_eq!(values(map), expected, "{window:?} {chunk:?}");
            }
        }
    });
}

/// Conformance: 33, 42 (both)
#[test]
fn a_window_or_a_chunk_of_nothing_is_refused() {
    on_both_pools(|next| {
        let error = next(vec![1], MapOptions::new().window(0)).unwrap_err();
        assert!(matches!(error.kind(), SubmitErrorKind::ZeroWindow));
        let error = next(vec![1], MapOptions::new().chunk(0)).unwrap_err();
        assert!(matches!(error.kind(), SubmitErrorKind::ZeroChunk));
    });
}

/// Conformance: 45 (both)
#[test]
fn a_map_of_nothing_ends_at_once() {
    on_both_pools(|next| {
        let all = [
            MapOptions::new(),
            MapOptions::new().window(3).auto_chunk(),
            MapOptions::new().unordered(),
        ];
        for options in all {
            let mut map = next(Vec::new(), options).unwrap();
            assert!(map.next().is_none());
            assert!(map.next().is_none());
        }
    });
}

/// Conformance: 32 (both)
#[test]
fn several_inputs_are_zipped_to_the_shortest() {
    let threads = ThreadPool::new(2).unwrap();
    let sums = std::iter::zip(1.., [10, 20, 30]);
    let sums = threads.map(|(a, b)| a + b, sums).unwrap();
    assert_eq!(sums.collect::<Result<Vec<i32>, _>>().unwrap(), [11, 22, 33]);
    let three = itertools::izip!(1.., [10, 20, 30], ["a", "b"]);
    let three = threads.map(|(a, b, c)| format!("{}{c}", a + b), three);
    let three = three.unwrap().collect::<Result<Vec<_>, _>>().unwrap();
    assert_eq!(three, ["11a", "22b"]);

    let processes = pool(2, Limits::new());
    let sums = processes.map_with(
        tasks::add,
        std::iter::zip(1.., [10, 20, 30]),
        MapOptions::new().window(2),
    );
    assert_eq!(values(sums.unwrap()), [11, 22, 33]);
}

/// Counts how many inputs were taken.
fn counted(inputs: impl Iterator<Item = i32>) -> (impl Iterator<Item = i32>, Arc<AtomicUsize>) {
    let taken = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&taken);
    let inputs = inputs.inspect(move |_| _ = count.fetch_add(1, Ordering::SeqCst));
    (inputs, taken)
}

/// Conformance: 44, B6 (both)
#[test]
fn inputs_without_end_are_taken_so_many_ahead() {
    const WINDOW: usize = 10;
    fn check(mut map: MapWith<'_, i32>, taken: &AtomicUsize, chunk: usize) {
        assert_eq!(taken.load(Ordering::SeqCst), WINDOW / chunk * chunk);
        for returned in 1..100 {
            assert_eq!(map.next().unwrap().unwrap(), returned);
            let taken = taken.load(Ordering::SeqCst);
            assert!(taken <= returned as usize + WINDOW, "{taken} {returned}");
            assert!(taken + chunk > returned as usize, "{taken} {returned}");
        }
    }
    let threads = ThreadPool::new(2).unwrap();
    let processes = pool(2, Limits::new());
    for chunk in [1, 3, 10] {
        let options = || MapOptions::new().window(WINDOW).chunk(chunk);
        let (inputs, taken) = counted(0..);
        let map = threads.map_with(|n| n + 1, inputs, options()).unwrap();
        check(map, &taken, chunk);
        let (inputs, taken) = counted(0..);
        let inputs = inputs.map(|n| (n, 1));
        let map = processes.map_with(tasks::add, inputs, options()).unwrap();
        check(map, &taken, chunk);
    }
}

/// Conformance: 36 (both)
#[test]
fn a_failure_inside_a_chunk_leaves_the_others_theirs() {
    fn check<T: Send + 'static>(map: MapWith<'_, T>, failing: impl Fn(&TaskErrorKind) -> bool) {
        let outcomes: Vec<_> = map.collect();
        assert_eq!(outcomes.len(), 9);
        for (number, outcome) in outcomes.into_iter().enumerate() {
            match outcome {
                Ok(_) => assert!(number % 3 != 1),
                Err(error) => {
                    let error = error.into_task().unwrap();
                    assert!(number % 3 == 1 && failing(error.kind()), "{error}");
                }
            }
        }
    }
    let threads = ThreadPool::new(2).unwrap();
    let map = threads.map_with(
        |n| assert!(n % 3 != 1, "one of three"),
        0..9,
        MapOptions::new().chunk(4),
    );
    check(
        map.unwrap(),
        |kind| matches!(kind, TaskErrorKind::Panicked(panic) if panic.message() == "one of three"),
    );
    let stats = threads.stats();
    assert_eq!((stats.succeeded, stats.panicked, stats.queued), (6, 3, 0));

    let processes = pool(2, Limits::new());
    let words = (0..9).map(|n| if n % 3 == 1 { "x" } else { "7" }.to_owned());
    let map = processes.map_with(tasks::fail, words, MapOptions::new().chunk(4));
    check(map.unwrap(), |kind| {
        matches!(kind, TaskErrorKind::Failed(_))
    });
    let stats = processes.stats();
    assert_eq!((stats.succeeded, stats.failed, stats.running), (6, 3, 0));
}

/// Conformance: 41 (both)
#[test]
fn dropping_a_map_with_options_cancels_what_has_not_ended() {
    let processes = pool(1, Limits::new());
    for options in [
        MapOptions::new(),
        MapOptions::new().chunk(2),
        MapOptions::new().unordered(),
    ] {
        let map = processes.map_with(tasks::spin_as_number, 0..4, options);
        drop(map.unwrap());
        assert_eq!(
            processes
                .submit(tasks::add, (1, 1))
                .unwrap()
                .join()
                .unwrap(),
            2
        );
    }
    assert_eq!(processes.stats().cancelled, 12);

    // A closure that runs is not stopped, but its chunk ends with it.
    let threads = ThreadPool::new(1).unwrap();
    let together = Arc::new(Barrier::new(2));
    let other = Arc::clone(&together);
    let closure = move |n: i32| {
        if n == 0 {
            other.wait();
            other.wait();
        }
    };
    let map = threads.map_with(closure, 0..100, MapOptions::new().chunk(100));
    together.wait();
    drop(map.unwrap());
    together.wait();
    threads.shutdown(Shutdown::Finish);
    let stats = threads.stats();
    assert_eq!((stats.succeeded, stats.cancelled), (1, 99));
}

/// Conformance: 46 (threads)
#[test]
fn a_map_keeps_nothing_of_the_results_it_has_returned() {
    let pool = ThreadPool::new(1).unwrap();
    for options in [
        MapOptions::new(),
        MapOptions::new().window(4).chunk(2).unordered(),
    ] {
        let alive = Arc::new(());
        let held = Arc::clone(&alive);
        let map = pool.map_with(move |_: i32| Arc::clone(&held), 0..4, options);
        let mut map = map.unwrap();
        let results: Vec<_> = map.by_ref().map(Result::unwrap).collect();
        assert!(map.next().is_none());
        drop(map);
        pool.submit(|| ()).unwrap().join().unwrap();
        assert_eq!(Arc::strong_count(&alive), 1 + results.len());
    }
}

#[test]
fn an_unordered_map_returns_results_as_they_come() {
    let pool = ThreadPool::new(2).unwrap();
    let (release, released) = mpsc::channel::<()>();
    let released = Mutex::new(released);
    let closure = move |n: i32| {
        if n == 0 {
            let _ = released.lock().unwrap().recv();
        }
        n
    };
    let options = MapOptions::new().unordered().window(3);
    let mut map = pool.map_with(closure, 0..10, options).unwrap();
    let early: HashSet<i32> = map.by_ref().take(9).map(Result::unwrap).collect();
    assert_eq!(early, (1..10).collect());
    drop(release);
    assert_eq!(map.next().unwrap().unwrap(), 0);
    assert!(map.next().is_none());
}

#[test]
fn a_window_goes_on_past_a_queue_that_is_full() {
    let pool = ThreadPool::builder().workers(1).queue(1).build().unwrap();
    for options in [
        MapOptions::new().window(16),
        MapOptions::new().window(16).chunk(3),
    ] {
        let map = pool.map_with(|n| n + 1, 0..200, options).unwrap();
        assert_eq!(values(map), (1..201).collect::<Vec<i32>>());
    }
}

#[test]
fn a_map_inside_a_worker_of_the_same_pool_makes_progress() {
    let pool = Arc::new(ThreadPool::new(1).unwrap());
    let own = Arc::clone(&pool);
    let sum = pool.submit(move || {
        let ordered = own.map_with(|n| n, 0..10, MapOptions::new().window(3).chunk(2));
        let unordered = own.map_with(|n| n, 0..10, MapOptions::new().window(3).unordered());
        values(ordered.unwrap()).iter().sum::<i32>()
            + values(unordered.unwrap()).iter().sum::<i32>()
    });
    assert_eq!(sum.unwrap().join_timeout(LONG).unwrap().unwrap(), 90);
}

#[test]
fn inputs_are_not_asked_again_after_their_end() {
    let pool = ThreadPool::new(2).unwrap();
    let mut asked = 0;
    let inputs = std::iter::from_fn(move || {
        asked += 1;
        (asked != 4).then_some(asked)
    });
    let options = MapOptions::new().chunk(2).window(8);
    let map = pool.map_with(|n| n, inputs, options).unwrap();
    let values = map.take(9).collect::<Result<Vec<_>, _>>().unwrap();
    assert_eq!(values, [1, 2, 3]);
}

#[test]
fn inputs_may_depend_on_the_results_before_them() {
    let pool = ThreadPool::new(1).unwrap();
    let (feed, inputs) = mpsc::channel();
    feed.send(1).unwrap();
    let options = MapOptions::new().window(1);
    let mut doubled = pool.map_with(|n: i32| n * 2, inputs, options).unwrap();
    for expected in [2, 4, 8, 16] {
        let n = doubled.next().unwrap().unwrap();
        assert_eq!(n, expected);
        feed.send(n).unwrap();
    }
}

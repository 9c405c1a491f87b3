//! Maps with options, against the end of their pool and of their iterator.

use std::sync::{Arc, Mutex, PoisonError};

use shuttle::sync::mpsc::sync_channel;
use shuttle::thread;

use crate::error::{MapError, SubmitErrorKind};
use crate::map_options::MapOptions;
use crate::model::{Count, model};
use crate::progress::Progress;
use crate::shutdown::Shutdown;
use crate::thread_pool::ThreadPool;

const INPUTS: usize = 4;

fn is_shut_down(error: &SubmitErrorKind) -> bool {
    matches!(error, SubmitErrorKind::ShutDown)
}

#[test]
fn a_map_whose_pool_is_shut_down_returns_what_was_accepted_and_says_that_the_rest_was_not() {
    for how in [Shutdown::Finish, Shutdown::CancelPending] {
        for options in [
            || MapOptions::new().window(2),
            || MapOptions::new().window(3).chunk(2),
        ] {
            model(move || {
                let pool = Arc::new(ThreadPool::new(1).unwrap());
                let closing = Arc::clone(&pool);
                let shutdown = thread::spawn(move || closing.shutdown(how));
                match pool.map_with(|n| n, 0..INPUTS, options()) {
                    Ok(mut map) => {
                        let mut refused = false;
                        let mut returned = 0;
                        for item in map.by_ref() {
                            assert!(!refused, "the iterator goes on after its end");
                            match item {
                                Ok(n) => assert_eq!(n, returned),
                                Err(MapError::Task(error)) => {
                                    assert!(how != Shutdown::Finish && error.is_cancelled());
                                }
                                Err(MapError::NotSubmitted(error)) => {
                                    assert!(is_shut_down(error.kind()));
                                    refused = true;
                                    continue;
                                }
                                Err(error) => panic!("{error:?}"),
                            }
                            returned += 1;
                        }
                        assert!(refused || returned == INPUTS);
                        assert!(map.next().is_none());
                    }
                    Err(error) => assert!(is_shut_down(error.kind())),
                }
                shutdown.join().unwrap();
                let stats = pool.stats();
                assert_eq!((stats.queued, stats.running), (0, 0));
            });
        }
    }
}

#[test]
fn a_dropped_map_cancels_what_has_not_started() {
    for unordered in [false, true] {
        model(move || {
            let pool = ThreadPool::new(1).unwrap();
            let (open, gate) = sync_channel::<()>(1);
            let gate = Mutex::new(gate);
            let ran = Count::default();
            let counts = ran.clone();
            let held = Arc::new(());
            let options = MapOptions::new().window(3);
            let options = match unordered {
                true => options.unordered(),
                false => options,
            };
            let map = pool.map_with(
                move |_input| {
                    counts.add();
                    let gate = gate.lock().unwrap_or_else(PoisonError::into_inner);
                    // Whoever is first; there is no second.
                    let _ = gate.recv();
                },
                std::iter::repeat(Arc::clone(&held)),
                options,
            );
            drop(map.unwrap());
            // If none has begun, the closure is gone, and the gate with it.
            let has_begun = open.send(()).is_ok();
            drop(open);
            pool.shutdown(Shutdown::Finish);
            assert!(ran.get() <= 1, "a task ran that nobody waits for");
            assert!(has_begun || ran.get() == 0);
            assert_eq!(Arc::strong_count(&held), 1);
            let stats = pool.stats();
            assert_eq!(
                (stats.finished(), stats.cancelled),
                (3, 3 - ran.get() as u64)
            );
        });
    }
}

#[test]
fn a_window_wider_than_the_queue_loses_and_repeats_no_input() {
    for workers in [1, 2] {
        model(move || {
            let pool = ThreadPool::builder().workers(workers).queue(1).build();
            let pool = pool.unwrap();
            let map = pool.map_with(|n| n, 0..INPUTS, MapOptions::new().window(3));
            let results = map.unwrap().collect::<Result<Vec<_>, _>>().unwrap();
            assert_eq!(results, [0, 1, 2, 3]);
        });
    }
}

#[test]
fn unordered_results_are_all_of_them() {
    model(|| {
        let pool = ThreadPool::new(2).unwrap();
        let options = MapOptions::new().window(2).unordered();
        let map = pool.map_with(|n| n, 0..INPUTS, options).unwrap();
        let mut results = map.collect::<Result<Vec<_>, _>>().unwrap();
        results.sort_unstable();
        assert_eq!(results, [0, 1, 2, 3]);
    });
}

#[test]
fn progress_comes_to_the_number_of_inputs_though_the_map_is_dropped() {
    model(|| {
        let pool = ThreadPool::new(1).unwrap();
        let told = Arc::new(Mutex::new(Vec::new()));
        let telling = Arc::clone(&told);
        let options = MapOptions::new().chunk(2).progress(move |now: Progress| {
            telling.lock().unwrap().push(now);
        });
        let mut map = pool.map_with(|n| n, 0..INPUTS, options).unwrap();
        assert_eq!(map.next().unwrap().unwrap(), 0);
        drop(map);
        drop(pool);
        let told = told.lock().unwrap();
        let last = told.last().unwrap();
        assert_eq!((last.finished, last.total), (INPUTS, Some(INPUTS)));
        // The chunk that was returned has succeeded.
        assert!(last.failed <= 2);
    });
}

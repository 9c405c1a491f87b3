//! Tasks that end before a scope does.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Barrier, Mutex, mpsc};

use fault_tasks as tasks;
use sandpool::{Limits, Shutdown, SubmitErrorKind, TaskHandle, ThreadPool, as_completed};
use sandpool_tests::{LONG, pool};

/// Conformance: 69 (threads)
#[test]
fn closures_of_a_scope_borrow_and_have_ended_when_it_ends() {
    let pool = ThreadPool::new(2).unwrap();
    let words = ["a", "bb", "ccc"].map(str::to_owned);
    let mut lengths = [0; 3];
    let ended = AtomicUsize::new(0);
    let borrowed = pool
        .scope(|scope| {
            let places = std::iter::zip(&words, &mut lengths);
            let handles: Vec<TaskHandle<&str>> = places
                .map(|(word, place)| {
                    let ended = &ended;
                    scope.submit(move || {
                        *place = word.len();
                        ended.fetch_add(1, Ordering::SeqCst);
                        &word[..1]
                    })
                })
                .collect::<Result<_, _>>()?;
            // Those that nobody waits for.
            for _ in 0..20 {
                drop(scope.submit(|| ended.fetch_add(1, Ordering::SeqCst))?);
            }
            let mut letters: Vec<_> = as_completed(handles).map(|h| h.join().unwrap()).collect();
            letters.sort_unstable();
            Ok::<_, sandpool::SubmitError>(letters)
        })
        .unwrap();
    assert_eq!(lengths, [1, 2, 3]);
    assert_eq!(borrowed, ["a", "b", "c"]);
    assert_eq!(ended.into_inner(), 23);
}

/// Conformance: 69 (processes)
#[test]
fn tasks_of_a_scope_have_ended_when_it_ends() {
    let pool = pool(2, Limits::new());
    let handles: Vec<_> = pool
        .scope(|scope| {
            (0..50)
                .map(|n| scope.submit(tasks::add, (n, 1)))
                .collect::<Result<_, _>>()
        })
        .unwrap();
    assert!(handles.iter().all(TaskHandle::is_finished));
    let sums = handles.into_iter().map(|handle| handle.join().unwrap());
    assert!(sums.eq(1..51));
    let json = pool
        .scope(|scope| scope.submit_json("add", "[1, 2]"))
        .unwrap();
    assert_eq!(json.join().unwrap(), "3");
}

/// Conformance: 73 (threads)
#[test]
fn a_scope_left_with_an_error_cancels_what_waits_and_tells_what_runs() {
    let pool = ThreadPool::new(1).unwrap();
    let together = Barrier::new(2);
    let (ran, heeded) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let left = pool.scope(|scope| {
        drop(scope.submit_cancellable(|token| {
            together.wait();
            while !token.is_cancelled() {
                std::thread::yield_now();
            }
            heeded.fetch_add(1, Ordering::SeqCst);
        })?);
        for _ in 0..10 {
            drop(scope.submit(|| ran.fetch_add(1, Ordering::SeqCst))?);
        }
        together.wait();
        Err::<(), _>(anyhow::anyhow!("something else went wrong"))
    });
    assert_eq!(left.unwrap_err().to_string(), "something else went wrong");
    assert_eq!((ran.into_inner(), heeded.into_inner()), (0, 1));
    let stats = pool.stats();
    assert_eq!((stats.succeeded, stats.cancelled), (1, 10));
}

/// Conformance: 73 (processes)
#[test]
fn a_scope_left_with_an_error_stops_its_tasks_and_no_others() {
    let pool = pool(2, Limits::new());
    let other = pool.submit(tasks::spin, ()).unwrap();
    let mut handles = Vec::new();
    let left = pool.scope(|scope| {
        for _ in 0..10 {
            handles.push(scope.submit(tasks::spin, ()).unwrap());
        }
        while !handles[0].is_running() {
            std::thread::yield_now();
        }
        Err::<(), _>("something else went wrong")
    });
    assert_eq!(left, Err("something else went wrong"));
    for handle in handles {
        assert!(handle.join().unwrap_err().is_cancelled());
    }
    assert!(!other.is_finished());
    assert!(other.cancel());
}

#[test]
fn a_scope_can_have_limits_of_its_own() {
    let pool = pool(1, Limits::new());
    let brief = Limits::new().timeout(std::time::Duration::from_millis(5));
    let endless = pool
        .with(brief)
        .scope(|scope| scope.submit(tasks::spin, ()));
    assert!(endless.unwrap().join().unwrap_err().is_timeout());
}

#[test]
fn a_panic_goes_through_a_scope_when_its_tasks_have_ended() {
    let threads = ThreadPool::new(1).unwrap();
    let data = Mutex::new(0);
    let left = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        threads.scope(|scope| -> Result<(), ()> {
            let (begin, begun) = mpsc::channel();
            let data = &data;
            drop(scope.submit_cancellable(move |token| {
                begin.send(()).unwrap();
                while !token.is_cancelled() {
                    std::thread::yield_now();
                }
                *data.lock().unwrap() = 42;
            }));
            begun.recv_timeout(LONG).unwrap();
            panic!("out of here");
        })
    }));
    let payload = left.unwrap_err();
    assert_eq!(payload.downcast_ref(), Some(&"out of here"));
    assert_eq!(data.into_inner().unwrap(), 42);

    let processes = pool(1, Limits::new());
    let left = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        processes.scope(|scope| -> Result<(), ()> {
            drop(scope.submit(tasks::spin, ()));
            panic!("out of here");
        })
    }));
    assert!(left.is_err());
    assert_eq!(processes.stats().cancelled, 1);
}

#[test]
fn a_closure_of_a_scope_that_panics_is_its_handles_error_alone() {
    let pool = ThreadPool::new(1).unwrap();
    let message = "borrowed".to_owned();
    let outcomes = pool.scope(|scope| {
        let failing = scope.submit(|| panic!("{message}"));
        let other = scope.submit(|| message.len());
        Ok::<_, ()>((failing.unwrap().join(), other.unwrap().join()))
    });
    let (failing, other): (Result<(), _>, _) = outcomes.unwrap();
    assert!(failing.unwrap_err().is_panic());
    assert_eq!(other.unwrap(), 8);
}

#[test]
fn a_scope_on_the_only_worker_runs_its_closures_itself() {
    let pool = Arc::new(ThreadPool::new(1).unwrap());
    let own = Arc::clone(&pool);
    let sum = pool.submit(move || {
        let sum = AtomicUsize::new(0);
        let done = own.scope(|scope| {
            for n in 0..10 {
                let sum = &sum;
                drop(scope.submit(move || {
                    sum.fetch_add(n, Ordering::SeqCst);
                    // From one of its closures, too.
                    drop(scope.submit(|| sum.fetch_add(1, Ordering::SeqCst)));
                })?);
            }
            Ok::<_, sandpool::SubmitError>(())
        });
        done.unwrap();
        sum.into_inner()
    });
    assert_eq!(sum.unwrap().join_timeout(LONG).unwrap().unwrap(), 45 + 10);
}

#[test]
fn a_shutdown_that_stops_everything_ends_a_scope() {
    let pool = ThreadPool::new(1).unwrap();
    let together = Barrier::new(3);
    let kept = std::thread::scope(|threads| {
        let kept = threads.spawn(|| {
            pool.scope(|scope| {
                let running = scope.submit_cancellable(|token| {
                    together.wait();
                    while !token.is_cancelled() {
                        std::thread::yield_now();
                    }
                    42
                });
                let waiting = scope.submit(|| 43).unwrap();
                together.wait();
                let ended = (running.unwrap().join(), waiting.join());
                let refused = scope.submit(|| 44).unwrap_err();
                assert!(matches!(refused.kind(), SubmitErrorKind::ShutDown));
                Ok::<_, ()>(ended)
            })
        });
        together.wait();
        pool.shutdown(Shutdown::CancelAll);
        kept.join().unwrap()
    });
    let (running, waiting) = kept.unwrap();
    assert_eq!(running.unwrap(), 42);
    assert!(waiting.is_err_and(|error| error.is_cancelled()));
}

#[test]
fn nothing_that_is_submitted_in_a_scope_after_its_end_with_an_error_is_run() {
    let pool = ThreadPool::new(2).unwrap();
    let ran = AtomicUsize::new(0);
    // The other worker may come to a task before the scope has noted where it waits.
    for _ in 0..500 {
        let together = Barrier::new(2);
        let left = pool.scope(|scope| {
            let (together, ran) = (&together, &ran);
            let submitting = scope.submit_cancellable(move |token| {
                together.wait();
                while !token.is_cancelled() {
                    std::hint::spin_loop();
                }
                for _ in 0..3 {
                    drop(scope.submit(move || ran.fetch_add(1, Ordering::SeqCst)));
                }
            });
            together.wait();
            drop(submitting.unwrap());
            Err::<(), _>("left")
        });
        assert_eq!(left, Err("left"));
    }
    assert_eq!(ran.into_inner(), 0);
    assert_eq!(pool.stats().cancelled, 1500);
}

/// The first of these to be dropped lets the worker come to the closure that has the other one.
struct Held<'a> {
    pool: &'a ThreadPool,
    release: &'a Mutex<Option<mpsc::Sender<()>>>,
}

impl Drop for Held<'_> {
    fn drop(&mut self) {
        let release = self.release.lock().unwrap().take();
        if release.is_some() {
            drop(release);
            while self.pool.stats().queued > 1 {
                std::thread::yield_now();
            }
        }
    }
}

#[test]
fn a_worker_that_is_faster_than_the_cancellation_of_a_scope_runs_nothing_of_it() {
    let pool = ThreadPool::new(1).unwrap();
    let (release, released) = mpsc::channel::<()>();
    let release = Mutex::new(Some(release));
    let ran = AtomicUsize::new(0);
    let left = pool.scope(|scope| {
        let busy = scope.submit(move || _ = released.recv()).unwrap();
        while !busy.is_running() {
            std::thread::yield_now();
        }
        for _ in 0..2 {
            let (pool, release, ran) = (&pool, &release, &ran);
            let held = Held { pool, release };
            let waiting = scope.submit(move || {
                let _held = held;
                ran.fetch_add(1, Ordering::SeqCst)
            });
            drop(waiting.unwrap());
        }
        Err::<(), _>("left")
    });
    assert_eq!(left, Err("left"));
    assert_eq!(ran.into_inner(), 0);
    assert_eq!(pool.stats().cancelled, 2);
}

#[test]
fn a_map_in_a_scope_borrows_and_has_ended_when_it_ends() {
    let threads = ThreadPool::new(2).unwrap();
    let text = "what is around the scope".to_owned();
    let seen = AtomicUsize::new(0);
    let lengths = threads.scope(|scope| {
        let length = |word: &str| {
            seen.fetch_add(1, Ordering::SeqCst);
            word.len()
        };
        let lengths = scope.map(length, text.split(' '))?;
        // Those whose results nobody takes are cancelled, or have ended.
        drop(scope.map(length, text.split(' '))?);
        Ok::<_, sandpool::SubmitError>(lengths.collect::<Result<Vec<_>, _>>())
    });
    assert_eq!(lengths.unwrap().unwrap(), [4, 2, 6, 3, 5]);
    assert!((5..=10).contains(&seen.into_inner()));

    let processes = pool(2, Limits::new());
    let sums = processes.scope(|scope| scope.map(tasks::add, (0..20).map(|n| (n, 1))));
    let stats = processes.stats();
    assert_eq!((stats.succeeded, stats.queued, stats.running), (20, 0, 0));
    assert!(sums.unwrap().map(Result::unwrap).eq(1..21));
    let bytes = processes.scope(|scope| scope.submit_bytes("echo_bytes", [1, 2]));
    assert_eq!(bytes.unwrap().join().unwrap(), [1, 2]);
}

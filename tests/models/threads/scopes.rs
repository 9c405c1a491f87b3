//! Scopes: jobs that borrow are gone before what they borrow is.
//!
//! Here the library has its one piece of unsafe code, and only miri sees a use of what is gone.

use std::convert::Infallible;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::channel;
use std::thread;

use crate::cancel_token::CancelToken;
use crate::shutdown::Shutdown;
use crate::thread_pool::ThreadPool;
use crate::wait::as_completed;

use super::waiting::block_on;

/// Touches what it borrows when it is dropped.
struct Touch<'a>(&'a AtomicUsize);

impl Drop for Touch<'_> {
    fn drop(&mut self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

#[test]
fn jobs_write_to_what_is_around_the_scope_and_it_is_gone_right_after() {
    let pool = ThreadPool::new(2).unwrap();
    // As often as makes it likely that a thread is stopped between the job's end and its own.
    for _ in 0..12 {
        let mut numbers = vec![1, 2, 3, 4];
        let left = pool.scope(|scope| {
            for part in numbers.chunks_mut(1) {
                drop(scope.submit(move || part[0] *= 2));
            }
            Ok::<_, Infallible>(())
        });
        assert_eq!(left, Ok(()));
        assert_eq!(numbers, [2, 4, 6, 8]);
        drop(numbers);
    }
}

#[test]
fn a_value_may_borrow_from_around_the_scope_and_leave_it() {
    let pool = ThreadPool::new(2).unwrap();
    let words = ["a", "bb", "ccc"].map(str::to_owned);
    let longest = pool.scope(|scope| {
        let handles = words.each_ref().map(|word| scope.submit(|| word.as_str()));
        let words = handles.map(|handle| handle.unwrap().join().unwrap());
        Ok::<_, Infallible>(words.into_iter().max_by_key(|word| word.len()).unwrap())
    });
    assert_eq!(longest, Ok("ccc"));
}

#[test]
fn values_that_nobody_takes_are_dropped_within_the_scope() {
    let pool = ThreadPool::new(2).unwrap();
    for _ in 0..4 {
        let touched = Box::new(AtomicUsize::new(0));
        let left = pool.scope(|scope| {
            let touched = &*touched;
            // Held by the closure; returned; returned to a handle that is dropped later; never run.
            let held = Touch(touched);
            drop(scope.submit(move || drop(held)));
            drop(scope.submit(|| Touch(touched)));
            let late = scope.submit(|| Touch(touched)).unwrap();
            let held = Touch(touched);
            scope.submit(move || held).unwrap().cancel();
            drop(late);
            Ok::<_, Infallible>(())
        });
        assert_eq!(left, Ok(()));
        assert_eq!(touched.into_inner(), 4);
    }
}

#[test]
fn a_scope_left_with_an_error_or_a_panic_drops_what_waits_and_waits_for_what_runs() {
    let pool = ThreadPool::new(1).unwrap();
    for panics in [false, true] {
        let touched = Box::new(AtomicUsize::new(0));
        let (started, has_started) = channel();
        let left = catch_unwind(AssertUnwindSafe(|| {
            pool.scope(|scope| {
                let touched = &*touched;
                let running = scope.submit_cancellable(move |token: &CancelToken| {
                    started.send(()).unwrap();
                    while !token.is_cancelled() {
                        thread::yield_now();
                    }
                    Touch(touched)
                });
                let held = Touch(touched);
                drop(scope.submit(move || held));
                has_started.recv().unwrap();
                drop(running);
                assert!(!panics, "the body panics");
                Err::<(), _>("left")
            })
        }));
        assert_eq!(left.is_err(), panics);
        assert_eq!(left.unwrap_or(Err("left")), Err("left"));
        assert_eq!(touched.into_inner(), 2);
    }
}

#[test]
fn a_job_that_panics_drops_what_it_borrows_within_the_scope() {
    let pool = ThreadPool::new(1).unwrap();
    let touched = Box::new(AtomicUsize::new(0));
    let left = pool.scope(|scope| {
        let held = Touch(&touched);
        let panics = scope.submit(move || {
            let _held = held;
            panic!("the job panics");
        });
        panics.unwrap().join()
    });
    assert!(left.is_err());
    assert_eq!(touched.into_inner(), 1);
}

#[test]
fn jobs_submit_jobs_and_enter_scopes_of_their_own_on_one_worker_and_on_two() {
    for workers in [1, 2] {
        let pool = ThreadPool::new(workers).unwrap();
        let sum = Box::new(AtomicUsize::new(0));
        let left = pool.scope(|outer| {
            for n in [1, 2] {
                let (pool, sum) = (&pool, &*sum);
                let job = move || {
                    let mut own = [n; 2];
                    let left = pool.scope(|inner| {
                        for part in &mut own {
                            drop(inner.submit(move || *part += 1));
                        }
                        Ok::<_, Infallible>(())
                    });
                    assert_eq!(left, Ok(()));
                    sum.fetch_add(own.iter().sum(), Ordering::Relaxed);
                    drop(outer.submit(move || sum.fetch_add(1, Ordering::Relaxed)));
                };
                drop(outer.submit(job));
            }
            Ok::<_, Infallible>(())
        });
        assert_eq!(left, Ok(()));
        assert_eq!(sum.into_inner(), 12);
    }
}

#[test]
fn handles_of_a_scope_can_be_awaited_waited_for_and_left() {
    let pool = ThreadPool::new(2).unwrap();
    let touched = Box::new(AtomicUsize::new(0));
    let first = pool.scope(|scope| {
        let touched = &*touched;
        let submit = |n: usize| {
            let job = move || (n, Touch(touched));
            scope.submit(job).unwrap()
        };
        let (awaited, _touch) = block_on(submit(7)).unwrap();
        let seen = submit(1);
        seen.on_finish(|outcome| assert!(outcome.is_ok()));
        let mut completed = as_completed([seen, submit(2), submit(3)]);
        drop(completed.next());
        Ok::<_, Infallible>(awaited)
    });
    assert_eq!(first, Ok(7));
    assert_eq!(touched.into_inner(), 4);
}

#[test]
fn jobs_that_shutdown_discards_or_a_broken_pool_gives_up_are_gone_when_the_scope_ends() {
    let broken = ThreadPool::builder().initializer(|| Err("no licence".into()));
    for pool in [ThreadPool::new(1), broken.workers(1).build()] {
        let pool = pool.unwrap();
        for _ in 0..2 {
            let touched = Box::new(AtomicUsize::new(0));
            let left = thread::scope(|threads| {
                pool.scope(|scope| {
                    let touched = &*touched;
                    for _ in 0..3 {
                        let held = Touch(touched);
                        drop(scope.submit(move || held));
                    }
                    threads.spawn(|| pool.shutdown(Shutdown::CancelPending));
                    Ok::<_, Infallible>(())
                })
            });
            assert_eq!(left, Ok(()));
            // Also that of a closure that was not accepted.
            assert_eq!(touched.into_inner(), 3);
        }
    }
}

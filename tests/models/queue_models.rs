//! The queue and its workers: what is submitted runs or is given back, and shutdown ends.

use std::sync::Arc;

use shuttle::sync::mpsc::channel;
use shuttle::thread;

use crate::cancel_token::CancelToken;
use crate::model::{Count, model};
use crate::queue::Patience;
use crate::raw_pool::{submit, workers};
use crate::shutdown::Shutdown;
use crate::thread_pool::ThreadPool;

#[test]
fn all_that_is_submitted_runs_before_the_pool_is_gone() {
    model(|| {
        let ran = Count::default();
        let pool = workers(2, None);
        for _ in 0..3 {
            let ran = ran.clone();
            drop(submit(&pool, Patience::Endless, move || ran.add()));
        }
        drop(pool);
        assert_eq!(ran.get(), 3);
    });
}

#[test]
fn a_submission_during_shutdown_runs_or_is_given_back() {
    model(|| {
        let pool = Arc::new(workers(1, None));
        let closing = Arc::clone(&pool);
        let first = submit(&pool, Patience::Endless, || 1);
        let shutdown = thread::spawn(move || {
            closing.close();
            assert!(closing.wait_for_exit(None));
        });
        let second = submit(&pool, Patience::Endless, || 2);
        shutdown.join().unwrap();
        assert_eq!(first.unwrap().join().unwrap(), 1);
        assert!(second.is_none_or(|handle| handle.is_finished() && handle.join().unwrap() == 2));
    });
}

#[test]
fn a_discarded_queue_leaves_nobody_waiting() {
    model(|| {
        let pool = Arc::new(workers(1, None));
        let handles: Vec<_> = (0..3)
            .map(|n| submit(&pool, Patience::Endless, move || n).unwrap())
            .collect();
        let closing = Arc::clone(&pool);
        let shutdown = thread::spawn(move || {
            closing.close();
            closing.discard_waiting();
            assert!(closing.wait_for_exit(None));
        });
        for (n, handle) in handles.into_iter().enumerate() {
            match handle.join() {
                Ok(value) => assert_eq!(value, n),
                Err(error) => assert!(error.is_cancelled()),
            }
        }
        shutdown.join().unwrap();
    });
}

#[test]
fn a_shutdown_that_cancels_all_tells_each_closure_that_runs_or_will() {
    model(|| {
        let pool = Arc::new(ThreadPool::new(2).unwrap());
        let closing = Arc::clone(&pool);
        let shutdown = thread::spawn(move || closing.shutdown(Shutdown::CancelAll));
        let handles = [(); 3].map(|()| {
            pool.submit_cancellable(|token: &CancelToken| {
                while !token.is_cancelled() {
                    thread::yield_now();
                }
            })
        });
        for handle in handles.into_iter().flatten() {
            if let Err(error) = handle.join() {
                assert!(error.is_cancelled());
            }
        }
        shutdown.join().unwrap();
    });
}

#[test]
fn who_waits_for_room_gets_it_or_is_told_that_there_will_be_none() {
    model(|| {
        let pool = Arc::new(workers(1, Some(1)));
        let submitters: Vec<_> = (0..3)
            .map(|n| {
                let pool = Arc::clone(&pool);
                thread::spawn(move || submit(&pool, Patience::Endless, move || n))
            })
            .collect();
        let closing = Arc::clone(&pool);
        let shutdown = thread::spawn(move || closing.close());
        for (n, submitter) in submitters.into_iter().enumerate() {
            if let Some(handle) = submitter.join().unwrap() {
                assert_eq!(handle.join().unwrap(), n);
            }
        }
        shutdown.join().unwrap();
    });
}

#[test]
fn who_waits_for_room_is_told_of_the_shutdown_though_no_worker_comes_free() {
    model(|| {
        let pool = Arc::new(workers(1, Some(1)));
        let (open, gate) = channel::<()>();
        let running = submit(&pool, Patience::Endless, move || gate.recv().is_ok());
        let waiting = submit(&pool, Patience::Endless, || true);
        let refused = Arc::clone(&pool);
        let refused = thread::spawn(move || submit(&refused, Patience::Endless, || true));
        pool.close();
        assert!(refused.join().unwrap().is_none());
        open.send(()).unwrap();
        for handle in [running, waiting] {
            assert!(handle.unwrap().join().unwrap());
        }
    });
}

#[test]
fn a_cancelled_task_makes_room_and_is_dropped_whoever_takes_it() {
    model(|| {
        let pool = Arc::new(workers(1, Some(1)));
        let held = Arc::new(());
        let holds = Arc::clone(&held);
        let first = submit(&pool, Patience::Endless, move || drop(holds)).unwrap();
        let canceller = first.cancel_handle();
        let cancel = thread::spawn(move || canceller.cancel());
        let second = submit(&pool, Patience::Endless, || 2).unwrap();
        assert_eq!(second.join().unwrap(), 2);
        assert_eq!(cancel.join().unwrap(), first.join().is_err());
        assert_eq!(Arc::strong_count(&held), 1);
    });
}

#[test]
fn a_worker_that_waits_for_its_own_pool_does_the_work() {
    model(|| {
        let pool = Arc::new(workers(1, None));
        let own = Arc::clone(&pool);
        let outer = submit(&pool, Patience::Endless, move || {
            let inner = submit(&own, Patience::Endless, || 21).unwrap();
            inner.join().unwrap() * 2
        });
        assert_eq!(outer.unwrap().join().unwrap(), 42);
    });
}

#[test]
fn two_workers_that_wait_for_each_others_tasks_both_end() {
    model(|| {
        let pool = Arc::new(workers(2, None));
        let outer: Vec<_> = (0..2)
            .map(|n| {
                let own = Arc::clone(&pool);
                let task = move || {
                    let inner = submit(&own, Patience::Endless, move || n).unwrap();
                    inner.join().unwrap() + 1
                };
                submit(&pool, Patience::Endless, task).unwrap()
            })
            .collect();
        for (n, handle) in outer.into_iter().enumerate() {
            assert_eq!(handle.join().unwrap(), n + 1);
        }
    });
}

//! One task, and all that can happen to it at the same time.

use std::sync::Arc;

use shuttle::sync::atomic::{AtomicUsize, Ordering};
use shuttle::thread;

use crate::control::Stop;
use crate::handle::TaskHandle;
use crate::promise::Promise;
use crate::wait::{WaitFor, as_completed, wait};

/// How many interleavings of each model are tried.
const RUNS: usize = 5_000;

fn model(run: fn()) {
    shuttle::check_random(run, RUNS);
}

fn task() -> (Promise<u32>, TaskHandle<u32>) {
    let promise = Promise::new("modelled", &Arc::default());
    let completion = promise.completion();
    (promise, TaskHandle { completion })
}

/// What a worker does, with a task that can be stopped or one that cannot.
fn work(promise: Promise<u32>, stop: Option<Arc<dyn Stop>>) {
    if promise.claim(stop) {
        promise.complete(Ok(42), ());
    }
}

struct Stoppable;

impl Stop for Stoppable {
    fn stop(&self) -> bool {
        true
    }
}

#[test]
fn a_joiner_is_woken_by_completion() {
    model(|| {
        let (promise, handle) = task();
        let worker = thread::spawn(|| work(promise, None));
        assert_eq!(handle.join().unwrap(), 42);
        worker.join().unwrap();
    });
}

#[test]
fn cancel_and_completion_have_one_winner_that_all_agree_on() {
    for stoppable in [false, true] {
        let run = move || {
            let (promise, handle) = task();
            let calls = Arc::new(AtomicUsize::new(0));
            let counted = Arc::clone(&calls);
            handle.on_finish(move |_| {
                counted.fetch_add(1, Ordering::SeqCst);
            });
            let canceller = handle.cancel_handle();
            let stop = stoppable.then(|| Arc::new(Stoppable) as Arc<dyn Stop>);
            let worker = thread::spawn(|| work(promise, stop));
            let cancelled = thread::spawn(move || canceller.cancel());
            let outcome = handle.join();
            assert_eq!(cancelled.join().unwrap(), outcome.is_err());
            worker.join().unwrap();
            assert_eq!(calls.load(Ordering::SeqCst), 1);
        };
        shuttle::check_random(run, RUNS);
    }
}

#[test]
fn a_task_of_a_chunk_that_was_counted_as_ended_cannot_be_cancelled() {
    model(|| {
        let counters = Arc::default();
        let promise = Promise::of_chunk("modelled", 1, &counters);
        let handle = TaskHandle {
            completion: promise.completion(),
        };
        let worker = thread::spawn(move || {
            if promise.claim(Some(Arc::new(Stoppable))) {
                promise.one_ended(&Ok(42));
                promise.complete(Ok(42), ());
            }
        });
        let cancelled = handle.cancel();
        let outcome = handle.join();
        worker.join().unwrap();
        assert_eq!(cancelled, outcome.is_err());
        let stats = counters.read();
        let counted = (stats.succeeded, stats.cancelled);
        assert_eq!(counted, (u64::from(!cancelled), u64::from(cancelled)));
    });
}

#[test]
fn two_cancellers_both_see_the_task_cancelled() {
    model(|| {
        let (promise, handle) = task();
        let cancellers = [handle.cancel_handle(), handle.cancel_handle()];
        let threads = cancellers.map(|canceller| thread::spawn(move || canceller.cancel()));
        for thread in threads {
            assert!(thread.join().unwrap());
        }
        assert!(handle.join().unwrap_err().is_cancelled());
        assert!(!promise.claim(None));
    });
}

#[test]
fn a_callback_added_while_the_task_ends_runs_once_and_before_the_join_returns() {
    model(|| {
        let (promise, handle) = task();
        let calls = Arc::new(AtomicUsize::new(0));
        let worker = thread::spawn(|| work(promise, None));
        for _ in 0..2 {
            let calls = Arc::clone(&calls);
            handle.on_finish(move |outcome| {
                assert_eq!(*outcome.as_ref().unwrap(), 42);
                calls.fetch_add(1, Ordering::SeqCst);
            });
        }
        assert_eq!(handle.join().unwrap(), 42);
        assert_eq!(calls.load(Ordering::SeqCst), 2);
        worker.join().unwrap();
    });
}

#[test]
fn a_promise_that_is_dropped_leaves_nobody_waiting() {
    model(|| {
        let (promise, handle) = task();
        let worker = thread::spawn(|| drop(promise));
        assert!(handle.join().unwrap_err().is_cancelled());
        worker.join().unwrap();
    });
}

#[test]
fn as_completed_loses_no_arrival() {
    model(|| {
        let (promises, handles): (Vec<_>, Vec<_>) = (0..3).map(|_| task()).unzip();
        let canceller = handles[0].cancel_handle();
        let workers: Vec<_> = promises
            .into_iter()
            .map(|promise| thread::spawn(|| work(promise, None)))
            .collect();
        let cancel = thread::spawn(move || canceller.cancel());
        assert_eq!(as_completed(handles).count(), 3);
        for worker in workers {
            worker.join().unwrap();
        }
        cancel.join().unwrap();
    });
}

#[test]
fn wait_sees_a_failure_whoever_is_first() {
    model(|| {
        let (good, first) = task();
        let (bad, second) = task();
        let (endless, third) = task();
        let workers = [
            thread::spawn(|| work(good, None)),
            thread::spawn(move || {
                let error = bad.error(crate::TaskErrorKind::StackOverflow, Vec::new());
                assert!(bad.claim(None));
                bad.complete(Err(error), ());
            }),
        ];
        let waited = wait([first, second, third], WaitFor::FirstFailed, None);
        assert!(
            waited
                .done
                .iter()
                .any(|handle| handle.completion.is_failed())
        );
        assert!(waited.pending.iter().any(|handle| !handle.is_finished()));
        drop(endless);
        for worker in workers {
            worker.join().unwrap();
        }
    });
}

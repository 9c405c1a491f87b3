//! One task, and all that can happen to it at the same time.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use shuttle::thread;

use crate::control::Stop;
use crate::error::TaskErrorKind;
use crate::handle::TaskHandle;
use crate::model::{Count, model};
use crate::promise::{Promise, Submission};
use crate::raw_pool::Ends;
use crate::wait::{WaitFor, as_completed, wait};

fn task() -> (Promise<u32>, TaskHandle<u32>) {
    let Ends {
        promise, handle, ..
    } = ends();
    (promise, handle)
}

fn ends() -> Ends<u32> {
    Ends::new(Submission::new("modelled"), &Arc::default())
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
fn a_future_is_woken_whoever_ends_the_task() {
    model(|| {
        let (promise, handle) = task();
        let canceller = handle.cancel_handle();
        let worker = thread::spawn(|| work(promise, None));
        let cancel = thread::spawn(move || canceller.cancel());
        let outcome = shuttle::future::block_on(handle);
        assert_eq!(cancel.join().unwrap(), outcome.is_err());
        worker.join().unwrap();
    });
}

/// Conformance: 16, 17
#[test]
fn cancel_and_completion_have_one_winner_that_all_agree_on() {
    for stoppable in [false, true] {
        model(move || {
            let (promise, handle) = task();
            let calls = Count::default();
            let counted = calls.clone();
            handle.on_finish(move |_| counted.add());
            let canceller = handle.cancel_handle();
            let stop = stoppable.then(|| Arc::new(Stoppable) as Arc<dyn Stop>);
            let worker = thread::spawn(|| work(promise, stop));
            let cancelled = thread::spawn(move || canceller.cancel());
            let outcome = handle.join();
            assert_eq!(cancelled.join().unwrap(), outcome.is_err());
            worker.join().unwrap();
            assert_eq!(calls.get(), 1);
        });
    }
}

#[test]
fn a_task_of_a_chunk_that_was_counted_as_ended_cannot_be_cancelled() {
    model(|| {
        let counters = Arc::default();
        let submission = Submission::of_chunk("modelled", 1);
        let Ends {
            promise, handle, ..
        } = Ends::new(submission, &counters);
        let worker = thread::spawn(move || {
            if promise.claim(Some(Arc::new(Stoppable))) {
                promise.some_ended(&Ok(42), 1);
                promise.complete(Ok(42), ());
            }
        });
        let cancelled = handle.cancel();
        let outcome = handle.join();
        worker.join().unwrap();
        assert_eq!(cancelled, outcome.is_err());
        let stats = counters.read(1);
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
        let calls = Count::default();
        let worker = thread::spawn(|| work(promise, None));
        for _ in 0..2 {
            let calls = calls.clone();
            handle.on_finish(move |outcome| {
                assert_eq!(*outcome.as_ref().unwrap(), 42);
                calls.add();
            });
        }
        assert_eq!(handle.join().unwrap(), 42);
        assert_eq!(calls.get(), 2);
        worker.join().unwrap();
    });
}

/// Conformance: 16, 17
#[test]
fn the_first_outcome_stays() {
    model(|| {
        let Ends {
            promise,
            handle,
            completion: other,
        } = ends();
        let failed = Arc::clone(&other);
        let error = promise.error(TaskErrorKind::StackOverflow { limit_bytes: 1 });
        let threads = [
            thread::spawn(move || other.complete(Ok(43), ())),
            thread::spawn(move || failed.complete(Err(error), ())),
            thread::spawn(|| work(promise, None)),
        ];
        let seen = Arc::new(AtomicUsize::new(0));
        let noted = Arc::clone(&seen);
        handle.on_finish(move |outcome| {
            let value = *outcome.as_ref().unwrap_or(&1);
            // A second call would leave a sum.
            noted.fetch_add(value as usize, Ordering::SeqCst);
        });
        for thread in threads {
            thread.join().unwrap();
        }
        let value = handle.join().unwrap_or(1);
        assert_eq!(seen.load(Ordering::SeqCst), value as usize);
    });
}

/// Conformance: 17
#[test]
fn a_cancelled_task_stays_so_whatever_its_worker_brings() {
    model(|| {
        let Ends {
            promise,
            handle,
            completion: other,
        } = ends();
        assert!(handle.cancel());
        let worker = thread::spawn(move || {
            other.complete(Ok(43), ());
            promise.complete(Ok(42), ());
        });
        assert!(handle.is_cancelled());
        worker.join().unwrap();
        assert!(handle.join().unwrap_err().is_cancelled());
    });
}

/// Conformance: 18
#[test]
fn only_a_task_that_waits_is_started_and_only_once() {
    model(|| {
        let Ends {
            promise,
            handle,
            completion,
        } = ends();
        let claims = [(); 2].map(|()| {
            let completion = Arc::clone(&completion);
            thread::spawn(move || completion.claim(None))
        });
        let claimed = claims.map(|claim| claim.join().unwrap());
        assert_ne!(claimed[0], claimed[1]);
        assert!(handle.is_running());
        promise.complete(Ok(42), ());
        assert!(!handle.completion().claim(None));
        assert_eq!(handle.join().unwrap(), 42);

        let (promise, handle) = task();
        assert!(handle.cancel());
        assert!(!promise.claim(None));
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
                let error = bad.error(TaskErrorKind::StackOverflow { limit_bytes: 1 });
                assert!(bad.claim(None));
                bad.complete(Err(error), ());
            }),
        ];
        let waited = wait([first, second, third], WaitFor::FirstFailed, None);
        assert!(
            waited
                .done
                .iter()
                .any(|handle| handle.completion().is_failed())
        );
        assert!(waited.pending.iter().any(|handle| !handle.is_finished()));
        drop(endless);
        for worker in workers {
            worker.join().unwrap();
        }
    });
}

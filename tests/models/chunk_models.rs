//! Tasks that are queued together, and what is told of them: each is counted once.

use std::sync::Arc;

use shuttle::sync::atomic::{AtomicBool, Ordering};
use shuttle::thread;

use crate::cancel_token::CancelToken;
use crate::completion::Outcome;
use crate::control::Stop;
use crate::error::TaskErrorKind;
use crate::handle::TaskHandle;
use crate::model::model;
use crate::progress::{Meter, Pace, Progress, Report};
use crate::promise::{Promise, Submission};
use crate::raw_pool::Ends;
use crate::stats::Counters;

const TASKS: usize = 3;

struct Stoppable;

impl Stop for Stoppable {
    fn stop(&self) -> bool {
        true
    }
}

/// What a worker does with a chunk whose tasks all return a value.
fn work(promise: Promise<Vec<Outcome<()>>>, stop: Arc<dyn Stop>) {
    if promise.claim(Some(stop)) {
        let outcomes = [(); TASKS].map(|()| {
            let outcome = Ok(());
            promise.some_ended(&outcome, 1);
            // Where a worker runs the next task.
            thread::yield_now();
            outcome
        });
        promise.complete(Ok(outcomes.into()), ());
    }
}

#[test]
fn each_task_of_a_chunk_is_counted_once_whoever_ends_it() {
    for can_be_stopped in [false, true] {
        model(move || {
            let counters = Arc::<Counters>::default();
            let submission = Submission::of_chunk("modelled", TASKS);
            let Ends {
                promise, handle, ..
            } = Ends::new(submission, &counters);
            let stop: Arc<dyn Stop> = match can_be_stopped {
                true => Arc::new(Stoppable),
                false => CancelToken::default().to_stop(),
            };
            let worker = thread::spawn(|| work(promise, stop));
            let canceller = handle.cancel_handle();
            let cancel = thread::spawn(move || canceller.cancel());
            let tasks = TASKS as u64;
            for _ in 0..3 {
                let now = counters.read(1);
                assert!(now.queued <= tasks && now.running <= 1 && now.finished() <= tasks);
                thread::yield_now();
            }
            let is_cancelled = handle.join().is_err();
            assert_eq!(cancel.join().unwrap(), is_cancelled);
            // The worker adds nothing to what was counted by then.
            let at_the_end = counters.read(1);
            worker.join().unwrap();
            assert_eq!(counters.read(1), at_the_end);
            assert_eq!((at_the_end.queued, at_the_end.running), (0, 0));
            assert_eq!(at_the_end.succeeded + at_the_end.cancelled, tasks);
            // What had ended before has ended with its value, even if that was all.
            assert!(is_cancelled || at_the_end.cancelled == 0);
        });
    }
}

#[test]
fn a_chunk_that_is_thrown_away_is_counted_as_cancelled() {
    model(|| {
        let counters = Arc::<Counters>::default();
        let submission = Submission::of_chunk("modelled", TASKS);
        let ends = Ends::<Vec<Outcome<()>>>::new(submission, &counters);
        let (promise, completion) = (ends.promise, ends.completion);
        let failing = thread::spawn(move || {
            completion.fail_pending(TaskErrorKind::Broken("the pool broke".to_owned()), || ());
        });
        drop(promise);
        failing.join().unwrap();
        let stats = counters.read(1);
        assert_eq!((stats.queued, stats.running), (0, 0));
        assert_eq!(stats.cancelled + stats.other_errors, TASKS as u64);
        assert!(stats.cancelled == 0 || stats.other_errors == 0);
    });
}

#[test]
fn progress_is_told_by_one_at_a_time_grows_and_ends_with_all() {
    model(|| {
        // Not shuttle's lock, which would keep callers apart by itself.
        let told = Arc::new(std::sync::Mutex::new(Vec::new()));
        let (inside, twice) = (AtomicBool::new(false), Arc::new(AtomicBool::new(false)));
        let (telling, seen_twice) = (Arc::clone(&told), Arc::clone(&twice));
        let meter = Arc::new(Meter::new(Box::new(move |now: Progress| {
            if inside.swap(true, Ordering::SeqCst) {
                seen_twice.store(true, Ordering::SeqCst);
            }
            telling.lock().unwrap().push(now);
            thread::yield_now();
            inside.store(false, Ordering::SeqCst);
        })));
        meter.set_total(2 * TASKS);
        let reports = [(); 2].map(|()| {
            let report = Report::new(Some(Arc::clone(&meter)), Arc::<Pace>::default(), TASKS);
            Arc::new(report)
        });
        let cancelled = Arc::clone(&reports[0]);
        let mut threads = vec![thread::spawn(move || cancelled.all_ended(true))];
        threads.extend(reports.map(|report| {
            thread::spawn(move || {
                for _ in 0..TASKS {
                    report.some_ended(1, false);
                }
                report.all_ended(false);
            })
        }));
        for thread in threads {
            thread.join().unwrap();
        }
        assert!(!twice.load(Ordering::SeqCst), "two calls at a time");
        let told = told.lock().unwrap();
        for pair in told.windows(2) {
            assert!(pair[0] != pair[1] && pair[0].finished <= pair[1].finished);
            assert!(pair[0].failed <= pair[1].failed);
        }
        let last = told.last().unwrap();
        assert_eq!((last.finished, last.total), (2 * TASKS, Some(2 * TASKS)));
        assert!(last.failed <= TASKS);
    });
}

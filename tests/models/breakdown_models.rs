//! Pools that break: what was accepted ends once, what comes later is given back, the workers exit.

use std::sync::Arc;

use shuttle::thread;

use crate::error::{SubmitErrorKind, TaskError, TaskErrorKind};
use crate::handle::TaskHandle;
use crate::model::{Count, model};
use crate::queue::Patience;
use crate::raw_pool::{submit_with_pool, workers, workers_that_start};
use crate::workers::Workers;

const REASON: &str = "no licence";

fn no_worker_starts(count: usize, queue: Option<usize>) -> Workers<()> {
    workers_that_start(count, queue, |_| Err(REASON.to_owned()))
}

fn is_broken(error: &TaskError) -> bool {
    matches!(error.kind(), TaskErrorKind::Broken(reason) if reason == REASON)
}

/// Submits a task that counts its runs, and counts how often it ends.
fn counted(pool: &Workers<()>, ran: &Count, ended: &Count) -> Option<TaskHandle<()>> {
    let (ran, ended) = (ran.clone(), ended.clone());
    let handle = match submit_with_pool(pool, Patience::Endless, move |_| ran.add()) {
        Ok(handle) => handle,
        Err(SubmitErrorKind::Broken(reason)) if reason == REASON => return None,
        Err(SubmitErrorKind::ShutDown) => return None,
        Err(other) => panic!("{other:?}"),
    };
    handle.on_finish(move |_| ended.add());
    Some(handle)
}

fn is_refused_as_broken(pool: &Workers<()>) -> bool {
    let refused = submit_with_pool(pool, Patience::Endless, |_| ());
    matches!(refused, Err(SubmitErrorKind::Broken(reason)) if reason == REASON)
}

#[test]
fn where_no_worker_can_start_all_that_was_accepted_ends_as_broken() {
    model(|| {
        let pool = Arc::new(no_worker_starts(2, None));
        let (ran, ended) = (Count::default(), Count::default());
        let submitters: Vec<_> = (0..2)
            .map(|_| {
                let (pool, ran, ended) = (Arc::clone(&pool), ran.clone(), ended.clone());
                thread::spawn(move || {
                    let handles = [counted(&pool, &ran, &ended), counted(&pool, &ran, &ended)];
                    handles.into_iter().flatten().map(TaskHandle::join).fold(
                        0,
                        |accepted, outcome| {
                            assert!(is_broken(&outcome.unwrap_err()));
                            accepted + 1
                        },
                    )
                })
            })
            .collect();
        let accepted: usize = submitters
            .into_iter()
            .map(|submitter| submitter.join().unwrap())
            .sum();
        assert!(is_refused_as_broken(&pool));
        assert_eq!((ran.get(), ended.get()), (0, accepted));
        assert!(pool.wait_for_exit(None));
    });
}

#[test]
fn a_pool_that_breaks_while_it_is_shut_down_leaves_nobody_waiting() {
    model(|| {
        let pool = Arc::new(no_worker_starts(2, None));
        let (ran, ended) = (Count::default(), Count::default());
        let closing = Arc::clone(&pool);
        let shutdown = thread::spawn(move || {
            closing.close();
            closing.discard_waiting();
            assert!(closing.wait_for_exit(None));
        });
        let handles = [(); 2].map(|()| counted(&pool, &ran, &ended));
        let accepted = handles.iter().flatten().count();
        for handle in handles.into_iter().flatten() {
            let error = handle.join().unwrap_err();
            assert!(is_broken(&error) || error.is_cancelled());
        }
        shutdown.join().unwrap();
        assert_eq!((ran.get(), ended.get()), (0, accepted));
    });
}

#[test]
fn what_runs_when_another_worker_cannot_start_is_finished() {
    model(|| {
        let first_only = |number| match number {
            0 => Ok(()),
            _ => Err(REASON.to_owned()),
        };
        let pool = workers_that_start(2, None, first_only);
        let (ran, ended) = (Count::default(), Count::default());
        let handles = [(); 3].map(|()| counted(&pool, &ran, &ended));
        let accepted = handles.iter().flatten().count();
        let mut values = 0;
        for handle in handles.into_iter().flatten() {
            match handle.join() {
                Ok(()) => values += 1,
                Err(error) => assert!(is_broken(&error)),
            }
        }
        pool.close();
        assert!(pool.wait_for_exit(None));
        assert_eq!((ran.get(), ended.get()), (values, accepted));
    });
}

#[test]
fn who_waits_for_room_in_a_pool_that_breaks_is_told() {
    model(|| {
        let pool = Arc::new(no_worker_starts(1, Some(1)));
        let (ran, ended) = (Count::default(), Count::default());
        let submitters: Vec<_> = (0..3)
            .map(|_| {
                let (pool, ran, ended) = (Arc::clone(&pool), ran.clone(), ended.clone());
                thread::spawn(move || counted(&pool, &ran, &ended).map(TaskHandle::join))
            })
            .collect();
        let mut accepted = 0;
        for submitter in submitters {
            if let Some(outcome) = submitter.join().unwrap() {
                assert!(is_broken(&outcome.unwrap_err()));
                accepted += 1;
            }
        }
        assert!(is_refused_as_broken(&pool));
        assert_eq!((ran.get(), ended.get()), (0, accepted));
    });
}

#[test]
fn a_job_that_breaks_its_pool_ends_what_waits_against_whoever_submits_and_cancels() {
    for closed_meanwhile in [false, true] {
        model(move || {
            let pool = Arc::new(workers(2, None));
            let (ran, ended) = (Count::default(), Count::default());
            let breaks = submit_with_pool(&pool, Patience::Endless, |pool| {
                pool.break_down(REASON);
                42
            });
            let (submitting, closing) = (Arc::clone(&pool), Arc::clone(&pool));
            let counts = (ran.clone(), ended.clone());
            let submitter = thread::spawn(move || counted(&submitting, &counts.0, &counts.1));
            let close = closed_meanwhile.then(|| thread::spawn(move || closing.close()));
            let own = counted(&pool, &ran, &ended);
            let cancelled = own.as_ref().is_some_and(TaskHandle::cancel);

            assert_eq!(breaks.unwrap().join().unwrap(), 42);
            let handles = [own, submitter.join().unwrap()];
            let accepted = handles.iter().flatten().count();
            let mut values = 0;
            let mut cancellations = 0;
            for handle in handles.into_iter().flatten() {
                match handle.join() {
                    Ok(()) => values += 1,
                    Err(error) if error.is_cancelled() => cancellations += 1,
                    Err(error) => assert!(is_broken(&error)),
                }
            }
            assert_eq!(cancellations, usize::from(cancelled));
            assert!(closed_meanwhile || is_refused_as_broken(&pool));
            if let Some(close) = close {
                close.join().unwrap();
            }
            assert!(pool.wait_for_exit(None));
            assert_eq!((ran.get(), ended.get()), (values, accepted));
        });
    }
}

//! Several tasks at once: wait, as_completed, map.

use std::sync::mpsc;
use std::time::Duration;

use fault_tasks as tasks;
use sandpool::{Limits, SubmitErrorKind, TaskHandle, ThreadPool, WaitFor, as_completed, wait};
use sandpool_tests::{LONG, pool};

/// Closures that end when told to: handles, and a sender for each.
fn held(pool: &ThreadPool, count: usize) -> (Vec<TaskHandle<usize>>, Vec<mpsc::Sender<()>>) {
    (0..count)
        .map(|number| {
            let (release, released) = mpsc::channel::<()>();
            let handle = pool.submit(move || {
                let _ = released.recv();
                number
            });
            (handle.unwrap(), release)
        })
        .unzip()
}

#[test]
fn as_completed_yields_in_the_order_of_completion() {
    let pool = ThreadPool::new(3).unwrap();
    let (handles, releases) = held(&pool, 3);
    let mut completed = as_completed(handles);
    assert_eq!(completed.len(), 3);
    let mut releases: Vec<_> = releases.into_iter().map(Some).collect();
    for number in [2, 0, 1] {
        releases[number] = None;
        assert_eq!(completed.next().unwrap().join().unwrap(), number);
    }
    assert!(completed.next().is_none());
    assert!(completed.next().is_none(), "and it stays at its end");
}

#[test]
fn as_completed_keeps_what_came_with_the_handle() {
    let pool = ThreadPool::new(2).unwrap();
    let handles = ["a", "bb"].map(|text| (text, pool.submit(|| text.len()).unwrap()));
    for (text, handle) in as_completed(handles) {
        assert_eq!(handle.join().unwrap(), text.len());
    }
}

#[test]
fn as_completed_takes_new_handles_while_it_is_drained() {
    let pool = ThreadPool::new(2).unwrap();
    let mut completed = as_completed([pool.submit(|| 3).unwrap()]);
    let mut seen = Vec::new();
    while let Some(handle) = completed.next() {
        let n = handle.join().unwrap();
        seen.push(n);
        for next in 0..n {
            completed.add(pool.submit(move || next).unwrap());
        }
    }
    seen.sort_unstable();
    assert_eq!(seen, [0, 0, 0, 0, 1, 1, 2, 3]);
    completed.add(pool.submit(|| 0).unwrap());
    assert_eq!(completed.next().unwrap().join().unwrap(), 0);
}

#[test]
fn as_completed_can_run_out_of_time_and_be_asked_again() {
    let pool = ThreadPool::new(2).unwrap();
    let (handles, mut releases) = held(&pool, 2);
    let mut completed = as_completed(handles);
    drop(releases.remove(1));
    let first = completed.next_timeout(LONG).unwrap().unwrap();
    assert_eq!(first.join().unwrap(), 1);
    let error = completed.next_timeout(Duration::ZERO).unwrap_err();
    assert_eq!(error.to_string(), "1 (of 2) tasks unfinished");
    drop(releases);
    let second = completed.next_timeout(LONG).unwrap().unwrap();
    assert_eq!(second.join().unwrap(), 0);
    assert!(completed.next_timeout(LONG).unwrap().is_none());
}

#[test]
fn as_completed_of_nothing_ends_at_once() {
    assert!(as_completed(Vec::<TaskHandle<()>>::new()).next().is_none());
}

#[test]
fn wait_returns_at_the_first_completion() {
    let pool = ThreadPool::new(2).unwrap();
    let (handles, mut releases) = held(&pool, 2);
    drop(releases.remove(1));
    let waited = wait(handles, WaitFor::FirstCompleted, Some(LONG));
    assert_eq!((waited.done.len(), waited.pending.len()), (1, 1));
    drop(releases);
    let waited = wait(waited.pending, WaitFor::All, Some(LONG));
    assert_eq!(waited.done.len(), 1);
}

#[test]
fn wait_returns_at_the_first_failure_and_not_at_a_cancellation() {
    let processes = pool(1, Limits::new());
    let spinning = processes.submit(tasks::spin, ()).unwrap();
    let cancelled = processes.submit(tasks::spin, ()).unwrap();
    cancelled.cancel();
    let threads = ThreadPool::new(2).unwrap();
    let (release, released) = mpsc::channel::<()>();
    let failing = threads.submit(move || {
        let _ = released.recv();
        panic!("a task that fails");
    });
    let canceller = spinning.cancel_handle();
    let (tell, told) = mpsc::channel();
    let waiter = std::thread::spawn(move || {
        tell.send(()).unwrap();
        wait(
            [spinning, cancelled, failing.unwrap()],
            WaitFor::FirstFailed,
            Some(LONG),
        )
    });
    told.recv_timeout(LONG).unwrap();
    drop(release);
    let waited = waiter.join().unwrap();
    assert_eq!((waited.done.len(), waited.pending.len()), (2, 1));
    assert!(canceller.cancel());
}

#[test]
fn a_failure_is_seen_while_its_callbacks_run() {
    let pool = ThreadPool::new(2).unwrap();
    let (handles, releases) = held(&pool, 1);
    let (begin, begun) = mpsc::channel::<()>();
    let failing = pool.submit(move || -> usize {
        let _ = begun.recv();
        panic!("a task that fails")
    });
    let failing = failing.unwrap();
    let (release, released) = mpsc::channel::<()>();
    failing.on_finish(move |_| {
        let _ = released.recv();
    });
    drop(begin);
    let all = handles.into_iter().chain([failing]);
    let waited = wait(all, WaitFor::FirstFailed, Some(LONG));
    assert_eq!((waited.done.len(), waited.pending.len()), (1, 1));
    drop((release, releases));
}

#[test]
fn wait_for_the_first_failure_without_one_waits_for_all() {
    let pool = pool(2, Limits::new());
    let handles: Vec<_> = (0..10)
        .map(|n| pool.submit(tasks::add, (n, 1)).unwrap())
        .collect();
    let waited = wait(handles, WaitFor::FirstFailed, Some(LONG));
    assert_eq!((waited.done.len(), waited.pending.len()), (10, 0));
    let sums = waited.done.into_iter().map(|handle| handle.join().unwrap());
    assert!(sums.eq(1..=10), "in the order of the handles");
}

#[test]
fn wait_that_runs_out_of_time_is_no_error() {
    let pool = ThreadPool::new(1).unwrap();
    let (handles, releases) = held(&pool, 2);
    let waited = wait(handles, WaitFor::All, Some(Duration::ZERO));
    assert_eq!((waited.done.len(), waited.pending.len()), (0, 2));
    drop(releases);
    let waited = wait(waited.pending, WaitFor::All, None);
    assert_eq!(waited.done.len(), 2);
}

#[test]
fn map_returns_results_in_input_order_and_errors_in_their_places() {
    let pool = pool(2, Limits::new());
    let inputs = ["1", "x", "3"].map(str::to_owned);
    let mut results = pool.map(tasks::fail, inputs).unwrap();
    assert_eq!(results.len(), 3);
    assert_eq!(results.next().unwrap().unwrap(), 1);
    assert!(results.next().unwrap().is_err());
    assert_eq!(results.next().unwrap().unwrap(), 3);
    assert!(results.next().is_none());

    let threads = ThreadPool::new(2).unwrap();
    let squares = threads.map(|n: u64| n * n, 0..100).unwrap();
    let squares: Result<Vec<_>, _> = squares.collect();
    assert!(squares.unwrap().into_iter().eq((0..100).map(|n| n * n)));
}

#[test]
fn dropping_a_map_cancels_the_rest() {
    let pool = pool(1, Limits::new());
    let inputs = (0..50).map(|_| ());
    let results = pool.map(tasks::spin, inputs).unwrap();
    drop(results);
    // Fifty endless tasks are gone from the only worker.
    let handle = pool.submit(tasks::add, (1, 1)).unwrap();
    assert_eq!(handle.join_timeout(LONG).unwrap().unwrap(), 2);
}

#[test]
fn map_asks_for_the_task_even_without_inputs() {
    #[derive(Clone, Copy)]
    struct Absent;
    impl sandpool::Task for Absent {
        type Args = ();
        type Output = ();
        const RECORD: sandpool_abi::Record = sandpool_abi::Record {
            name: "absent",
            ..<tasks::nothing as sandpool::Task>::RECORD
        };
        fn encode(args: &()) -> Result<sandpool_abi::Arguments, sandpool_abi::codec::CodecError> {
            <tasks::nothing as sandpool::Task>::encode(args)
        }
        fn decode(reply: sandpool_abi::Reply<'_>) -> Result<(), sandpool_abi::codec::CodecError> {
            <tasks::nothing as sandpool::Task>::decode(reply)
        }
    }
    let pool = pool(1, Limits::new());
    let error = pool.map(Absent, []).unwrap_err();
    assert!(matches!(error.kind(), SubmitErrorKind::Task(_)));
}

#[test]
fn what_has_completed_can_be_had_at_once() {
    let pool = ThreadPool::new(2).unwrap();
    for _ in 0..200 {
        let handles: Vec<_> = (0..4).map(|n| pool.submit(move || n).unwrap()).collect();
        for handle in as_completed(handles) {
            assert!(handle.is_finished());
            assert!(handle.try_join().is_ok());
        }
    }
}

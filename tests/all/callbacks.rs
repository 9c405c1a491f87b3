//! Callbacks: in order, once, and nobody is hurt by one that panics.

use std::sync::{Arc, Mutex, mpsc};

use fault_tasks as tasks;
use sandpool::{Limits, ThreadPool};
use sandpool_tests::{LONG, pool};

#[test]
fn callbacks_see_the_outcome_in_the_order_in_which_they_were_added() {
    let pool = ThreadPool::new(1).unwrap();
    let (release, released) = mpsc::channel::<()>();
    let handle = pool.submit(move || {
        let _ = released.recv();
        42
    });
    let handle = handle.unwrap();
    let (tell, told) = mpsc::channel();
    for number in 0..3 {
        let tell = tell.clone();
        handle.on_finish(move |outcome| {
            tell.send((number, *outcome.as_ref().unwrap())).unwrap();
            assert!(number != 1, "a callback that panics");
        });
    }
    drop((release, tell));
    assert_eq!(handle.join().unwrap(), 42);
    let seen: Vec<_> = told.iter().collect();
    assert_eq!(seen, [(0, 42), (1, 42), (2, 42)]);
}

#[test]
fn a_callback_on_a_finished_task_runs_at_once_on_this_thread() {
    let pool = pool(1, Limits::new());
    let handle = pool.submit(tasks::fail, "x".to_owned()).unwrap();
    let (finish, finished) = mpsc::channel();
    handle.on_finish(move |_| finish.send(()).unwrap());
    finished.recv_timeout(LONG).unwrap();
    // The first callback may still be returning; this one then follows it on the worker.
    let handle = handle.join_timeout(LONG).unwrap().unwrap_err();
    assert_eq!(handle.task(), "fail");

    let cancelled = pool.submit(tasks::spin, ()).unwrap();
    assert!(cancelled.cancel());
    let thread = Arc::new(Mutex::new(None));
    let seen = Arc::clone(&thread);
    cancelled.on_finish(move |outcome| {
        assert!(outcome.as_ref().unwrap_err().is_cancelled());
        *seen.lock().unwrap() = Some(std::thread::current().id());
    });
    assert_eq!(*thread.lock().unwrap(), Some(std::thread::current().id()));
    assert!(cancelled.join().unwrap_err().is_cancelled());
}

#[test]
fn a_worker_with_a_slow_callback_is_not_counted_as_free() {
    let pool = ThreadPool::new(2).unwrap();
    let (begin, begun) = mpsc::channel::<()>();
    let (release, released) = mpsc::channel::<()>();
    let (enter, entered) = mpsc::channel();
    let first = pool.submit(move || begun.recv().is_err()).unwrap();
    first.on_finish(move |_| {
        enter.send(()).unwrap();
        let _ = released.recv();
    });
    drop(begin);
    entered.recv_timeout(LONG).unwrap();
    let second = pool.submit(|| 42).unwrap();
    assert_eq!(second.join_timeout(LONG).unwrap().unwrap(), 42);
    drop(release);
    assert!(first.join().unwrap());
}

#[test]
fn a_callback_whose_panic_panics_again_leaves_nobody_waiting() {
    struct Bomb;
    impl Drop for Bomb {
        fn drop(&mut self) {
            assert!(std::thread::panicking(), "dropped");
        }
    }
    let pool = ThreadPool::new(1).unwrap();
    let handle = pool.submit(|| 42).unwrap();
    handle.on_finish(|_| std::panic::panic_any(Bomb));
    assert_eq!(handle.join_timeout(LONG).unwrap().unwrap(), 42);
    assert_eq!(pool.submit(|| 43).unwrap().join().unwrap(), 43);
}

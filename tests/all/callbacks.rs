//! Callbacks: in order, once, and nobody is hurt by one that panics.

use std::sync::{Arc, Mutex, mpsc};
use std::thread;

use sandpool::{Shutdown, TaskHandle, ThreadPool};
use sandpool_tests::{AnyPool, LONG, on_both_pools};

/// A task of each end.
struct Ends {
    value: TaskHandle<u32>,
    failed: TaskHandle<u32>,
    cancelled: TaskHandle<u32>,
}

impl Ends {
    fn of(pool: &dyn AnyPool) -> Self {
        let (value, failed, cancelled) = (pool.number(42), pool.failing(), pool.number(43));
        Self {
            value,
            failed,
            cancelled,
        }
    }

    fn each(&self, run: impl Fn(&TaskHandle<u32>)) {
        run(&self.value);
        run(&self.failed);
        run(&self.cancelled);
    }
}

/// What a callback saw.
#[derive(Debug, PartialEq)]
enum Seen {
    Value(u32),
    Failed,
    Cancelled,
}

impl Seen {
    fn of(outcome: &Result<u32, sandpool::TaskError>) -> Self {
        match outcome {
            Ok(value) => Self::Value(*value),
            Err(error) if error.is_cancelled() => Self::Cancelled,
            Err(_) => Self::Failed,
        }
    }
}

/// Conformance: 11 (both)
#[test]
fn callbacks_see_the_value_the_error_or_the_cancellation() {
    on_both_pools(1, |pool| {
        let busy = pool.busy();
        let ends = Ends::of(&*pool);
        let (tell, told) = mpsc::channel();
        ends.each(|handle| {
            let tell = tell.clone();
            handle.on_finish(move |outcome| tell.send(Seen::of(outcome)).unwrap());
        });
        assert!(ends.cancelled.cancel());
        assert_eq!(told.try_recv(), Ok(Seen::Cancelled));
        drop(busy);
        assert_eq!(told.recv_timeout(LONG), Ok(Seen::Value(42)));
        assert_eq!(told.recv_timeout(LONG), Ok(Seen::Failed));
    });
}

/// Conformance: 12, 14 (both)
#[test]
fn callbacks_run_in_the_order_in_which_they_were_added_each_once_though_one_panics() {
    on_both_pools(1, |pool| {
        let busy = pool.busy();
        let handle = pool.number(42);
        let (tell, told) = mpsc::channel();
        for number in 0..3 {
            let tell = tell.clone();
            handle.on_finish(move |outcome| {
                tell.send((number, *outcome.as_ref().unwrap())).unwrap();
                assert!(number != 1, "a callback that panics");
            });
        }
        drop((busy, tell));
        assert_eq!(handle.join().unwrap(), 42);
        let seen: Vec<_> = told.iter().collect();
        assert_eq!(seen, [(0, 42), (1, 42), (2, 42)]);
    });
}

/// Conformance: 13, 15 (both)
#[test]
fn a_callback_on_a_finished_task_runs_at_once_on_this_thread() {
    on_both_pools(1, |pool| {
        let busy = pool.busy();
        let ends = Ends::of(&*pool);
        assert!(ends.cancelled.cancel());
        drop(busy);
        pool.shutdown(Shutdown::Finish);
        let seen = Arc::new(Mutex::new(Vec::new()));
        ends.each(|handle| {
            let seen = Arc::clone(&seen);
            handle.on_finish(move |outcome| {
                let here = thread::current().id();
                seen.lock().unwrap().push((here, Seen::of(outcome)));
                panic!("a callback that panics");
            });
        });
        let here = thread::current().id();
        let expected = [Seen::Value(42), Seen::Failed, Seen::Cancelled].map(|seen| (here, seen));
        assert_eq!(*seen.lock().unwrap(), expected);
        assert_eq!(ends.value.join().unwrap(), 42);
        assert!(ends.cancelled.join().unwrap_err().is_cancelled());
    });
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

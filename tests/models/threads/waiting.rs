//! Waiting: as a future, for several tasks, on a worker of the same pool.

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::sync::mpsc::channel;
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};
use std::time::Duration;

use crate::thread_pool::ThreadPool;
use crate::wait::{WaitFor, as_completed, wait};

/// Wakes the thread that polls.
struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

/// Waits for a future as a runtime would, with another waker each time.
pub(crate) fn block_on<F: Future>(future: F) -> F::Output {
    let mut future = pin!(future);
    loop {
        let waker = Waker::from(Arc::new(Unpark(thread::current())));
        match future.as_mut().poll(&mut Context::from_waker(&waker)) {
            Poll::Ready(output) => return output,
            Poll::Pending => thread::park(),
        }
    }
}

#[test]
fn a_future_is_woken_when_its_task_has_ended() {
    let pool = ThreadPool::new(2).unwrap();
    let (first, second) = (pool.submit(|| 40).unwrap(), pool.submit(|| 2).unwrap());
    let sum = block_on(async { first.await.unwrap() + second.await.unwrap() });
    assert_eq!(sum, 42);
}

#[test]
fn a_handle_that_was_polled_can_be_dropped_with_its_waker() {
    let pool = ThreadPool::new(1).unwrap();
    let (open, gate) = channel::<()>();
    let mut handle = pool.submit(move || gate.recv().is_ok()).unwrap();
    let unpark = Arc::new(Unpark(thread::current()));
    let waker = Waker::from(Arc::clone(&unpark));
    let poll = std::pin::Pin::new(&mut handle).poll(&mut Context::from_waker(&waker));
    assert!(poll.is_pending());
    drop((handle, waker));
    open.send(()).unwrap();
    drop(pool);
    assert_eq!(Arc::strong_count(&unpark), 1);
}

#[test]
fn wait_returns_the_handles_in_two_lists() {
    let pool = ThreadPool::new(2).unwrap();
    let (open, gate) = channel::<()>();
    let slow = pool.submit(move || gate.recv().is_ok()).unwrap();
    let quick = pool.submit(|| true).unwrap();
    let first = wait([slow, quick], WaitFor::FirstCompleted, None);
    assert_eq!((first.done.len(), first.pending.len()), (1, 1));
    let none = wait(first.pending, WaitFor::All, Some(Duration::ZERO));
    assert_eq!((none.done.len(), none.pending.len()), (0, 1));
    open.send(()).unwrap();
    let all = wait(none.pending, WaitFor::FirstFailed, None);
    assert!(all.done.into_iter().all(|handle| handle.join().unwrap()));
}

#[test]
fn as_completed_takes_more_while_it_is_drained_and_can_be_left() {
    let pool = ThreadPool::new(2).unwrap();
    let square = |n: u32| (n, pool.submit(move || n * n).unwrap());
    let mut completed = as_completed((0..3).map(square));
    let (first, handle) = completed.next().unwrap();
    assert_eq!(handle.join().unwrap(), first * first);
    completed.add(square(3));
    let second = completed.next_timeout(Duration::from_secs(60)).unwrap();
    assert!(second.is_some());
    assert_eq!(completed.len(), 2);
    drop(completed);
    drop(pool);
}

#[test]
fn the_only_worker_runs_the_tasks_that_it_waits_for() {
    fn sum_to(pool: &Arc<ThreadPool>, n: u32) -> u32 {
        if n == 0 {
            return 0;
        }
        let own = Arc::clone(pool);
        let rest = pool.submit(move || sum_to(&own, n - 1)).unwrap();
        n + rest.join().unwrap()
    }
    let pool = Arc::new(ThreadPool::new(1).unwrap());
    let own = Arc::clone(&pool);
    let outer = pool.submit(move || {
        let tasks = [1, 2].map(|n| own.submit(move || n).unwrap());
        let waited: u32 = as_completed(tasks).map(|task| task.join().unwrap()).sum();
        waited + sum_to(&own, 3)
    });
    assert_eq!(outer.unwrap().join().unwrap(), 9);
    assert_eq!(pool.stats().finished(), 6);
}

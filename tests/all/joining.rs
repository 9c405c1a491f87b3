//! Getting at the outcome of one task.

use std::sync::mpsc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use fault_tasks as tasks;
use sandpool::{Limits, ProcessPool, ThreadPool};
use sandpool_tests::{LONG, pool};

/// A thread that is busy until the sender is dropped, and that has begun.
fn busy(pool: &ThreadPool) -> mpsc::Sender<()> {
    let (release, released) = mpsc::channel::<()>();
    let (begin, begun) = mpsc::channel();
    let handle = pool.submit(move || {
        begin.send(()).unwrap();
        let _ = released.recv();
    });
    drop(handle.unwrap());
    begun.recv_timeout(LONG).unwrap();
    release
}

#[test]
fn a_join_that_times_out_leaves_task_and_handle_intact() {
    let pool = ThreadPool::new(1).unwrap();
    let release = busy(&pool);
    let handle = pool.submit(|| 42).unwrap();
    let unfinished = handle.join_timeout(Duration::from_millis(1)).unwrap_err();
    assert!(
        unfinished
            .to_string()
            .contains("has not finished after 1ms")
    );
    let unfinished = unfinished.into_handle().try_join().unwrap_err();
    drop(release);
    let handle = unfinished.into_handle();
    assert_eq!(handle.join_timeout(LONG).unwrap().unwrap(), 42);
}

#[test]
fn try_join_returns_the_outcome_of_a_finished_task() {
    let pool = ThreadPool::new(1).unwrap();
    let handle = pool.submit(|| 42).unwrap();
    let (finish, finished) = mpsc::channel();
    handle.on_finish(move |_| finish.send(()).unwrap());
    finished.recv_timeout(LONG).unwrap();
    // The callback runs before the outcome can be taken, so this may wait for its end.
    assert_eq!(handle.join_timeout(LONG).unwrap().unwrap(), 42);
}

#[test]
fn a_handle_tells_the_tasks_state() {
    let pool = ThreadPool::new(1).unwrap();
    let (begin, begun) = mpsc::channel();
    let (release, released) = mpsc::channel::<()>();
    let running = pool.submit(move || {
        begin.send(()).unwrap();
        let _ = released.recv();
    });
    let running = running.unwrap();
    begun.recv_timeout(LONG).unwrap();
    let pending = pool.submit(|| ()).unwrap();
    assert!(running.is_running() && !running.is_finished());
    assert!(!pending.is_running() && !pending.is_finished() && !pending.is_cancelled());
    assert!(format!("{running:?}").contains("running"));
    assert!(format!("{pending:?}").contains("pending"));
    drop(release);
    pending.join().unwrap();
    assert!(running.is_finished() && !running.is_running() && !running.is_cancelled());
    assert!(format!("{running:?}").contains("finished"));
}

#[test]
fn a_handle_is_a_future() {
    let threads = ThreadPool::new(1).unwrap();
    let processes = pool(1, Limits::new());
    let release = busy(&threads);
    let mut first = threads.submit(|| 40).unwrap();
    let mut context = Context::from_waker(Waker::noop());
    assert!(std::pin::pin!(&mut first).poll(&mut context).is_pending());
    drop(release);
    let second = processes.submit(tasks::add, (1, 1)).unwrap();
    let sum = block_on(async { first.await.unwrap() + second.await.unwrap() });
    assert_eq!(sum, 42);
}

/// The smallest runtime there is.
fn block_on<F: Future>(future: F) -> F::Output {
    struct Unpark(std::thread::Thread);
    impl std::task::Wake for Unpark {
        fn wake(self: std::sync::Arc<Self>) {
            self.0.unpark();
        }
    }
    let waker = Waker::from(std::sync::Arc::new(Unpark(std::thread::current())));
    let mut future = std::pin::pin!(future);
    loop {
        match future.as_mut().poll(&mut Context::from_waker(&waker)) {
            Poll::Ready(output) => return output,
            Poll::Pending => std::thread::park(),
        }
    }
}

#[test]
fn a_result_that_nobody_joins_holds_nobody_up() {
    let pool: ProcessPool = pool(1, Limits::new());
    let unjoined = pool.submit(tasks::echo, "first".to_owned()).unwrap();
    drop(pool.submit(tasks::echo, "dropped".to_owned()).unwrap());
    let second = pool.submit(tasks::echo, "second".to_owned()).unwrap();
    assert_eq!(second.join_timeout(LONG).unwrap().unwrap(), "second");
    assert_eq!(unjoined.join().unwrap(), "first");
}

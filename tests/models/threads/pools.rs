//! Pools from their start to their end.

use std::fmt;
use std::panic::panic_any;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::channel;
use std::thread;
use std::time::Duration;

use crate::cancel_token::CancelToken;
use crate::error::{SubmitErrorKind, TaskErrorKind};
use crate::shutdown::Shutdown;
use crate::thread_pool::ThreadPool;

use super::tasks::Bomb;

/// An error without a text.
#[derive(Debug)]
struct BadError;

impl fmt::Display for BadError {
    fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
        panic!("no text");
    }
}

impl std::error::Error for BadError {}

type Initializer = fn() -> Result<(), Box<dyn std::error::Error + Send + Sync>>;

#[test]
fn a_full_queue_gives_work_back_or_has_it_wait_for_room() {
    let pool = ThreadPool::builder().workers(1).queue(1).build().unwrap();
    let (open, gate) = channel::<()>();
    let running = pool.submit(move || gate.recv().is_ok()).unwrap();
    let waiting = pool.submit(|| true).unwrap();
    let full = pool.try_submit(|| 42).unwrap_err();
    assert!(matches!(full.kind(), SubmitErrorKind::QueueFull));
    let work = full.into_inner();
    let full = pool.submit_timeout(work, Duration::from_millis(1));
    let work = full.unwrap_err().into_inner();
    thread::scope(|threads| {
        let submitter = threads.spawn(|| pool.submit(work).unwrap().join().unwrap());
        open.send(()).unwrap();
        assert_eq!(submitter.join().unwrap(), 42);
    });
    assert!(running.join().unwrap() && waiting.join().unwrap());
}

#[test]
fn a_dropped_pool_has_finished_what_nobody_waits_for() {
    let ran = Arc::new(AtomicUsize::new(0));
    let pool = ThreadPool::new(2).unwrap();
    for _ in 0..4 {
        let ran = Arc::clone(&ran);
        drop(pool.submit(move || ran.fetch_add(1, Ordering::Relaxed)));
    }
    drop(pool);
    assert_eq!(Arc::into_inner(ran).unwrap().into_inner(), 4);
}

#[test]
fn shutdown_finishes_or_cancels() {
    for how in [
        Shutdown::Finish,
        Shutdown::CancelPending,
        Shutdown::CancelAll,
    ] {
        let pool = ThreadPool::new(1).unwrap();
        let (started, has_started) = channel();
        let (open, gate) = channel::<()>();
        let running = pool.submit_cancellable(move |token: &CancelToken| {
            started.send(()).unwrap();
            let _ = gate.recv();
            token.is_cancelled()
        });
        let waiting = pool.submit(|| Box::new(42)).unwrap();
        has_started.recv().unwrap();
        assert!(!pool.shutdown_timeout(how, Duration::ZERO));
        drop(open);
        pool.shutdown(how);
        assert_eq!(running.unwrap().join().unwrap(), how == Shutdown::CancelAll);
        assert_eq!(waiting.join().is_ok(), how == Shutdown::Finish);
        let refused = pool.submit(|| ()).unwrap_err();
        assert!(matches!(refused.kind(), SubmitErrorKind::ShutDown));
    }
}

#[test]
fn submissions_shutdown_and_drop_of_handles_meet() {
    let pool = ThreadPool::new(2).unwrap();
    thread::scope(|threads| {
        let submitters = [1, 2].map(|n| {
            let pool = &pool;
            threads.spawn(move || {
                let kept = pool.submit(move || vec![n]);
                drop(pool.submit(move || vec![n]));
                kept.is_ok_and(|handle| handle.join().is_ok())
            })
        });
        threads.spawn(|| pool.shutdown(Shutdown::CancelPending));
        for submitter in submitters {
            submitter.join().unwrap();
        }
    });
    let stats = pool.stats();
    assert_eq!((stats.queued, stats.running), (0, 0));
}

#[test]
fn what_an_initializer_fails_or_panics_with_may_panic_itself() {
    let failing: [Initializer; 2] = [|| Err(BadError.into()), || panic_any(Bomb)];
    for initializer in failing {
        let builder = ThreadPool::builder().workers(1);
        let pool = builder.initializer(initializer).build().unwrap();
        let error = pool.submit(|| 42).unwrap().join().unwrap_err();
        assert!(matches!(error.kind(), TaskErrorKind::Broken(_)), "{error}");
    }
}

#[test]
fn a_pool_whose_initializer_fails_or_panics_is_broken() {
    let failing: [Initializer; 2] = [|| Err("no licence".into()), || panic!("no licence")];
    for initializer in failing {
        let stopped = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&stopped);
        let pool = ThreadPool::builder()
            .workers(1)
            .initializer(initializer)
            .on_thread_start(|_| panic!("a hook that panics has no effect"))
            .on_thread_stop(move |_| _ = counted.fetch_add(1, Ordering::Relaxed))
            .build()
            .unwrap();
        let held = Arc::new(());
        let holds = Arc::clone(&held);
        let error = pool.submit(move || drop(holds)).unwrap().join();
        let error = error.unwrap_err();
        assert!(matches!(error.kind(), TaskErrorKind::Broken(why) if why.contains("no licence")));
        let refused = pool.submit(|| ()).unwrap_err();
        assert!(matches!(refused.kind(), SubmitErrorKind::Broken(_)));
        drop(pool);
        assert_eq!(Arc::strong_count(&held), 1);
        assert_eq!(stopped.load(Ordering::Relaxed), 1);
    }
}

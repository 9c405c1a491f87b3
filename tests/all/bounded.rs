//! Queues with a limit.

use std::sync::mpsc;
use std::time::Duration;

use fault_tasks as tasks;
use sandpool::{
    BuildError, Limits, MapOptions, ProcessPool, Shutdown, SubmitErrorKind, ThreadPool,
};
use sandpool_tests::{LONG, fault_module};

/// A pool of one worker, which is busy until the sender is dropped, and one place in the queue.
fn full_but_for_one() -> (ThreadPool, mpsc::Sender<()>) {
    let pool = ThreadPool::builder().workers(1).queue(1).build().unwrap();
    let (begin, begun) = mpsc::channel();
    let (release, released) = mpsc::channel::<()>();
    let busy = pool.submit(move || {
        begin.send(()).unwrap();
        let _ = released.recv();
    });
    drop(busy.unwrap());
    begun.recv_timeout(LONG).unwrap();
    (pool, release)
}

/// Conformance: B10 (threads)
#[test]
fn a_full_queue_gives_the_work_back() {
    let (pool, release) = full_but_for_one();
    let queued = pool.try_submit(|| 1).unwrap();
    let error = pool.try_submit(|| 2).unwrap_err();
    assert!(matches!(error.kind(), SubmitErrorKind::QueueFull));
    assert_eq!(error.to_string(), "the pool's queue is full");
    assert_eq!(error.into_inner()(), 2);
    let error = pool
        .submit_timeout(|| 3, Duration::from_millis(1))
        .unwrap_err();
    assert!(matches!(error.kind(), SubmitErrorKind::QueueFull));
    drop(release);
    assert_eq!(queued.join().unwrap(), 1);
}

/// Conformance: B10 (threads)
#[test]
fn submit_waits_for_room() {
    let (pool, release) = full_but_for_one();
    let first = pool.submit(|| 1).unwrap();
    std::thread::scope(|scope| {
        let second = scope.spawn(|| pool.submit(|| 2).unwrap().join().unwrap());
        let third = scope.spawn(|| pool.submit_timeout(|| 3, LONG).unwrap().join().unwrap());
        drop(release);
        assert_eq!(first.join().unwrap(), 1);
        assert_eq!(second.join().unwrap(), 2);
        assert_eq!(third.join().unwrap(), 3);
    });
}

/// Conformance: 30, B11 (threads)
#[test]
fn who_waits_for_room_is_refused_at_shutdown() {
    let (pool, release) = full_but_for_one();
    let queued = pool.submit(|| 1).unwrap();
    std::thread::scope(|scope| {
        let (tell, told) = mpsc::channel();
        let pool = &pool;
        let waiting = scope.spawn(move || {
            tell.send(()).unwrap();
            pool.submit(|| 2)
        });
        told.recv_timeout(LONG).unwrap();
        // Whether the thread waits already or not, there is no room for it.
        assert!(!pool.shutdown_timeout(Shutdown::Finish, Duration::ZERO));
        let error = waiting.join().unwrap().unwrap_err();
        assert!(matches!(error.kind(), SubmitErrorKind::ShutDown));
        assert_eq!(error.into_inner()(), 2);
    });
    drop(release);
    assert_eq!(queued.join().unwrap(), 1);
}

/// Conformance: 28 (threads)
#[test]
fn a_cancelled_task_is_dropped_at_once_and_leaves_room() {
    let (pool, release) = full_but_for_one();
    let (held, holds) = mpsc::channel::<()>();
    let queued = pool.submit(move || drop(held)).unwrap();
    assert!(queued.cancel());
    assert!(holds.recv_timeout(LONG).is_err(), "the closure is gone");
    let next = pool.try_submit(|| 1).unwrap();
    drop(release);
    assert_eq!(next.join().unwrap(), 1);
}

/// Conformance: B10 (processes)
#[test]
fn a_process_pool_has_a_queue_with_a_limit_too() {
    let builder = || ProcessPool::builder(fault_module()).workers(1);
    assert!(matches!(
        builder().queue(0).build(),
        Err(BuildError::NoQueue)
    ));
    let pool = builder().queue(1).build().unwrap();
    let spinning = pool.submit(tasks::spin, ()).unwrap();
    while !spinning.is_running() {
        std::thread::yield_now();
    }
    let queued = pool.try_submit(tasks::add, (1, 1)).unwrap();
    let error = pool.try_submit(tasks::add, (2, 2)).unwrap_err();
    assert!(matches!(error.kind(), SubmitErrorKind::QueueFull));
    assert_eq!(error.into_inner(), (2, 2));
    let brief = Duration::from_millis(1);
    let limited = pool.with(Limits::new());
    assert!(limited.submit_timeout(tasks::add, (3, 3), brief).is_err());
    assert!(spinning.cancel());
    assert_eq!(queued.join().unwrap(), 2);
}

#[test]
fn a_worker_that_submits_to_its_own_full_queue_makes_room_itself() {
    let pool = std::sync::Arc::new(ThreadPool::builder().workers(1).queue(1).build().unwrap());
    let own = std::sync::Arc::clone(&pool);
    let outer = pool.submit(move || {
        let handles: Vec<_> = (0..10).map(|n| own.submit(move || n).unwrap()).collect();
        handles
            .into_iter()
            .map(|handle| handle.join().unwrap())
            .sum::<u32>()
    });
    assert_eq!(outer.unwrap().join_timeout(LONG).unwrap().unwrap(), 45);
}

#[test]
fn what_a_free_worker_is_about_to_take_does_not_fill_the_queue() {
    let pool = ThreadPool::builder().workers(4).queue(1).build().unwrap();
    let (release, released) = mpsc::channel::<()>();
    let released = std::sync::Arc::new(std::sync::Mutex::new(released));
    // Four for the workers, one for the queue.
    for _ in 0..5 {
        let released = std::sync::Arc::clone(&released);
        drop(
            pool.try_submit(move || drop(released.lock().map(|r| r.recv())))
                .unwrap(),
        );
    }
    assert!(pool.try_submit(|| ()).is_err());
    drop(release);
}

#[test]
fn a_task_that_was_never_accepted_is_not_counted() {
    let pool = ProcessPool::builder(fault_module())
        .workers(1)
        .queue(1)
        .build()
        .unwrap();
    let spinning = pool.submit(tasks::spin, ()).unwrap();
    while !spinning.is_running() {
        std::thread::yield_now();
    }
    let queued = pool.submit(tasks::add, (1, 1)).unwrap();
    let limits = Limits::new().deadline(Duration::from_millis(5));
    let refused = pool
        .with(limits)
        .submit_timeout(tasks::add, (1, 1), Duration::from_millis(30));
    assert!(refused.is_err());
    let stats = pool.stats();
    assert_eq!((stats.queued, stats.running, stats.finished()), (1, 1, 0));
    assert!(spinning.cancel());
    assert_eq!(queued.join().unwrap(), 2);
    assert_eq!(pool.stats().submitted(), 2);
}

#[test]
fn a_queue_and_a_pool_as_large_as_can_be_said_have_room() {
    let builder = ThreadPool::builder().workers(usize::MAX);
    let pool = builder.queue(usize::MAX).build().unwrap();
    assert_eq!(pool.try_submit(|| 42).unwrap().join().unwrap(), 42);
    for options in [MapOptions::new(), MapOptions::new().window(4)] {
        let map = pool.map_with(|n| n, 0..10, options.auto_chunk()).unwrap();
        assert_eq!(map.count(), 10);
    }
}

//! Pools that cannot make workers fit for their tasks.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, mpsc};

use fault_tasks as tasks;
use sandpool::{
    BuildError, MapError, MapOptions, ProcessPool, ProcessPoolBuilder, Shutdown, SubmitErrorKind,
    TaskErrorKind, TaskHandle, TaskModule, ThreadPool,
};
use sandpool_tests::{LONG, fault_module};

fn builder() -> ProcessPoolBuilder<TaskModule> {
    ProcessPool::builder(fault_module()).workers(1)
}

/// An error that cannot even be shown, and a value that cannot be dropped.
#[derive(Debug)]
struct Unruly;

impl std::fmt::Display for Unruly {
    fn fmt(&self, _: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        panic!("no text")
    }
}

impl std::error::Error for Unruly {}

struct PanicsWhenDropped;

impl Drop for PanicsWhenDropped {
    fn drop(&mut self) {
        panic!("not dropped");
    }
}

/// Conformance: 30, 75 (threads)
#[test]
fn a_thread_that_cannot_be_initialized_breaks_the_pool() {
    let failing = |error: &'static str| {
        ThreadPool::builder()
            .workers(1)
            .initializer(move || {
                assert!(error != "panic", "the initializer's own");
                Err(error.into())
            })
            .build()
            .unwrap()
    };
    for (pool, reason) in [
        (failing("no key"), "its initializer failed: no key"),
        (failing("panic"), "its initializer panicked at "),
    ] {
        let first: TaskHandle<i32> = pool.submit(|| 42).unwrap();
        // Accepted or not, depending on how far the thread is.
        let second = pool.submit(|| 42);
        let error = first.join().unwrap_err();
        let TaskErrorKind::Broken(told) = error.kind() else {
            panic!("{error}");
        };
        assert!(told.starts_with(reason), "{told}");
        if let Ok(second) = second {
            let error = second.join().unwrap_err();
            assert!(matches!(error.kind(), TaskErrorKind::Broken(_)));
        }
        let error = pool.submit(|| 43).unwrap_err();
        assert!(matches!(error.kind(), SubmitErrorKind::Broken(same) if same == told));
        assert_eq!(error.to_string(), format!("the pool is broken: {told}"));
        assert_eq!(error.into_inner()(), 43);
        assert!(pool.shutdown_timeout(Shutdown::Finish, LONG));
        assert_eq!(pool.stats().queued, 0);
    }
}

/// Conformance: 30, 75, 79, 87 (processes)
#[test]
fn a_sandbox_that_cannot_be_initialized_breaks_the_pool() {
    let failures = [
        (
            builder().initializer(tasks::fail, "x".to_owned()),
            "its initializer `fail` failed: the order cannot be read: the count is no number: invalid digit",
        ),
        (
            builder().initializer(tasks::boom, "no key".to_owned()),
            "its initializer `boom` panicked at ",
        ),
        (
            builder().initializer(tasks::wild_read, ()),
            "its initializer `wild_read` trapped: ",
        ),
        (
            builder().initializer_json("add", "true"),
            "its initializer `add` was given bad arguments: ",
        ),
    ];
    for (builder, reason) in failures {
        let pool = builder.build().unwrap();
        let handles: Vec<_> = (0..4)
            .map_while(|_| pool.submit(tasks::recall, ()).ok())
            .collect();
        assert!(!handles.is_empty());
        let errors: Vec<_> = handles.into_iter().map(|h| h.join().unwrap_err()).collect();
        for error in &errors {
            assert!(
                matches!(error.kind(), TaskErrorKind::Broken(told) if told.starts_with(reason)),
                "{error}"
            );
        }
        let error = pool.submit(tasks::add, (1, 2)).unwrap_err();
        assert!(matches!(error.kind(), SubmitErrorKind::Broken(_)));
        assert_eq!(error.into_inner(), (1, 2));
        let stats = pool.stats();
        assert_eq!(stats.other_errors, errors.len() as u64);
        assert_eq!((stats.queued, stats.running), (0, 0));
    }
}

#[test]
fn a_chunk_tries_once_whether_a_sandbox_can_be_initialized() {
    let pool = builder().initializer(tasks::wild_read, ()).build().unwrap();
    let options = MapOptions::new().chunk(100);
    let map = pool.map_with(tasks::recall, [(); 100], options).unwrap();
    let broken = |error: &MapError| matches!(error.task().unwrap().kind(), TaskErrorKind::Broken(reason) if reason.contains("trapped"));
    assert!(map.map(Result::unwrap_err).all(|error| broken(&error)));
    assert_eq!(pool.stats().instances_made, 1);
    assert_eq!(pool.stats().other_errors, 100);
}

/// Conformance: 76 (threads)
#[test]
fn a_pool_that_breaks_keeps_nothing() {
    let held = Arc::new(());
    let (holds, stopped) = (Arc::clone(&held), Arc::new(AtomicUsize::new(0)));
    let count = Arc::clone(&stopped);
    let pool = ThreadPool::builder()
        .workers(2)
        .initializer(move || {
            let _ = &holds;
            Err("no".into())
        })
        .on_thread_stop(move |_| _ = count.fetch_add(1, Ordering::SeqCst))
        .build()
        .unwrap();
    let closures = (0..10).map_while(|_| {
        let held = Arc::clone(&held);
        pool.submit(move || drop(held)).ok()
    });
    let handles: Vec<_> = closures.collect();
    for handle in handles {
        assert!(handle.join().is_err());
    }
    assert!(pool.shutdown_timeout(Shutdown::Finish, LONG));
    assert_eq!(Arc::strong_count(&held), 2, "the initializer's own");
    drop(pool);
    assert_eq!(Arc::strong_count(&held), 1);
    assert!((1..=2).contains(&stopped.load(Ordering::SeqCst)));
}

/// Conformance: 76 (processes)
#[test]
fn a_pool_of_sandboxes_that_breaks_keeps_none() {
    let module = TaskModule::new(guest_tasks::MODULE).unwrap();
    let most = || ProcessPool::builder(&module).workers(1 << 20).build();
    let Err(BuildError::TooManyWorkers { available, .. }) = most() else {
        panic!("there are no so many");
    };
    // No number of primes below it fits.
    let pool = ProcessPool::builder(&module)
        .workers(available)
        .initializer_json("primes_below", "true")
        .build()
        .unwrap();
    let numbers = (0..10).map_while(|_| pool.submit_json("primes_below", "10").ok());
    let handles: Vec<_> = numbers.collect();
    for handle in handles {
        assert!(handle.join().is_err());
    }
    assert!(pool.shutdown_timeout(Shutdown::Finish, LONG));
    let stats = pool.stats();
    assert!(stats.instances_made > 0);
    assert_eq!(stats.instances_made, stats.instances_retired);
    drop(pool);
    let Err(BuildError::TooManyWorkers {
        available: left, ..
    }) = most()
    else {
        panic!("there are no so many");
    };
    assert_eq!(left, available);
}

/// Conformance: 87 (threads)
#[test]
fn a_pool_that_cannot_have_another_worker_breaks_and_what_runs_is_finished() {
    let started = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&started);
    let pool = ThreadPool::builder()
        .workers(2)
        .initializer(move || match count.fetch_add(1, Ordering::SeqCst) {
            0 => Ok(()),
            _ => Err("one is enough".into()),
        })
        .build()
        .unwrap();
    let (begin, begun) = mpsc::channel();
    let (release, released) = mpsc::channel::<()>();
    let running = pool.submit(move || {
        begin.send(()).unwrap();
        released.recv().is_err()
    });
    begun.recv_timeout(LONG).unwrap();
    // Needs a second worker.
    let second = pool.submit(|| 42).unwrap();
    let error = second.join().unwrap_err();
    assert!(
        error
            .to_string()
            .ends_with("its initializer failed: one is enough")
    );
    assert!(pool.submit(|| 43).is_err());
    drop(release);
    assert!(running.unwrap().join().unwrap());
}

#[test]
fn an_initializer_breaks_the_pool_however_it_fails() {
    let builder = || ThreadPool::builder().workers(1);
    let pools = [
        builder().initializer(|| Err(Unruly.into())),
        builder().initializer(|| std::panic::panic_any(PanicsWhenDropped)),
    ];
    for pool in pools {
        let pool = pool.build().unwrap();
        let waiting = pool.submit(|| 42).unwrap();
        let error = waiting.join_timeout(LONG).unwrap().unwrap_err();
        assert!(
            error.to_string().contains("its initializer panicked"),
            "{error}"
        );
    }
    let pool = ThreadPool::new(1).unwrap();
    let task = pool.submit(|| std::panic::panic_any(PanicsWhenDropped));
    let error = task.unwrap().join().unwrap_err();
    assert!(error.is_panic(), "{error}");
}

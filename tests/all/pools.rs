//! Workers, names, shutdown and drop: the same on both pools.

use std::collections::HashSet;
use std::sync::{Arc, Barrier, mpsc};

use fault_tasks as tasks;
use sandpool::{BuildError, Limits, ProcessPool, Shutdown, SubmitErrorKind, ThreadPool};
use sandpool_tests::{LONG, fault_module, pool};

fn thread_name() -> String {
    std::thread::current().name().unwrap_or_default().to_owned()
}

#[test]
fn a_pool_without_workers_is_refused() {
    assert!(matches!(ThreadPool::new(0), Err(BuildError::NoWorkers)));
    let processes = ProcessPool::builder(fault_module()).workers(0).build();
    assert!(matches!(processes, Err(BuildError::NoWorkers)));
}

#[test]
fn a_name_that_no_thread_can_have_is_refused() {
    let threads = ThreadPool::builder().name("a\0b").build();
    assert!(matches!(threads, Err(BuildError::Name(_))));
    let processes = ProcessPool::builder(fault_module()).name("a\0b").build();
    assert!(matches!(processes, Err(BuildError::Name(_))));
}

#[test]
fn more_workers_than_a_module_has_sandboxes_are_refused() {
    let Err(error) = ProcessPool::builder(fault_module())
        .workers(1 << 20)
        .build()
    else {
        panic!("there are no so many");
    };
    assert!(matches!(error, BuildError::TooManyWorkers { requested, .. } if requested == 1 << 20));
}

#[test]
fn a_dropped_pool_gives_its_sandboxes_back() {
    let module = sandpool::TaskModule::new(guest_tasks::MODULE).unwrap();
    let most = match ProcessPool::builder(&module).workers(1 << 20).build() {
        Err(BuildError::TooManyWorkers { available, .. }) => available,
        other => panic!("{other:?}"),
    };
    for _ in 0..3 {
        let all = ProcessPool::builder(&module).workers(most).build().unwrap();
        assert!(ProcessPool::builder(&module).workers(1).build().is_err());
        drop(all);
    }
}

#[test]
fn tasks_one_after_the_other_use_one_worker() {
    let pool = ThreadPool::new(4).unwrap();
    let names: HashSet<String> = (0..50)
        .map(|_| pool.submit(thread_name).unwrap().join().unwrap())
        .collect();
    assert_eq!(names.len(), 1);
}

#[test]
fn tasks_at_the_same_time_use_as_many_workers_as_there_may_be() {
    let pool = ThreadPool::builder().workers(3).name("w").build().unwrap();
    let together = Arc::new(Barrier::new(3));
    // Each waits for two others: with fewer than three workers this would not end.
    let handles: Vec<_> = (0..30)
        .map(|_| {
            let together = Arc::clone(&together);
            pool.submit(move || {
                together.wait();
                thread_name()
            })
            .unwrap()
        })
        .collect();
    let names: HashSet<String> = handles.into_iter().map(|h| h.join().unwrap()).collect();
    let expected = ["w_0", "w_1", "w_2"].map(str::to_owned);
    assert_eq!(names, HashSet::from(expected));
}

#[test]
fn default_names_differ_from_pool_to_pool() {
    let name = || {
        let pool = ThreadPool::new(1).unwrap();
        pool.submit(thread_name).unwrap().join().unwrap()
    };
    let (one, other) = (name(), name());
    assert!(one.starts_with("threads-") && one.ends_with("_0"), "{one}");
    assert_ne!(one, other);
}

#[test]
fn submitting_after_shutdown_gives_the_work_back() {
    let threads = ThreadPool::new(1).unwrap();
    threads.shutdown(Shutdown::Finish);
    let error = threads.submit(|| 42).unwrap_err();
    assert!(matches!(error.kind(), SubmitErrorKind::ShutDown));
    assert_eq!(error.into_inner()(), 42);

    let processes = pool(1, Limits::new());
    processes.shutdown(Shutdown::Finish);
    processes.shutdown(Shutdown::CancelPending);
    let error = processes
        .submit(tasks::echo, "mine".to_owned())
        .unwrap_err();
    assert!(matches!(error.kind(), SubmitErrorKind::ShutDown));
    assert_eq!(error.into_inner(), "mine");
    assert!(threads.map(|n: i32| n, [1]).is_err());
}

#[test]
fn shutdown_finishes_what_was_submitted() {
    let pool = pool(2, Limits::new());
    let handles: Vec<_> = (0..50)
        .map(|n| pool.submit(tasks::add, (n, 0)).unwrap())
        .collect();
    pool.shutdown(Shutdown::Finish);
    assert!(handles.iter().all(|handle| handle.is_finished()));
    let values = handles.into_iter().map(|handle| handle.join().unwrap());
    assert!(values.eq(0..50));
}

#[test]
fn shutdown_can_cancel_what_waits() {
    let pool = ThreadPool::new(2).unwrap();
    let (begin, begun) = mpsc::channel();
    let (release, released) = mpsc::channel::<()>();
    let running = pool.submit(move || {
        begin.send(()).unwrap();
        released.recv().is_err()
    });
    begun.recv_timeout(LONG).unwrap();
    let (hold, held) = mpsc::channel::<()>();
    let other = pool.submit(move || held.recv().is_err()).unwrap();
    while !other.is_running() {
        std::thread::yield_now();
    }
    let waiting: Vec<_> = (0..20).map(|_| pool.submit(|| ()).unwrap()).collect();
    std::thread::scope(|scope| {
        let shutdown = scope.spawn(|| pool.shutdown(Shutdown::CancelPending));
        for handle in waiting {
            assert!(handle.join().unwrap_err().is_cancelled());
        }
        assert!(!shutdown.is_finished(), "it waits for what runs");
        drop((release, hold));
    });
    assert!(running.unwrap().join().unwrap());
    assert!(other.join().unwrap());
}

#[test]
fn shutdown_can_stop_everything_that_runs() {
    let pool = pool(2, Limits::new());
    let handles: Vec<_> = (0..6)
        .map(|_| pool.submit(tasks::spin, ()).unwrap())
        .collect();
    while handles.iter().filter(|handle| handle.is_running()).count() < 2 {
        std::thread::yield_now();
    }
    assert!(pool.shutdown_timeout(Shutdown::CancelAll, LONG));
    for handle in handles {
        assert!(handle.join().unwrap_err().is_cancelled());
    }
}

#[test]
fn a_shutdown_that_stops_everything_tells_closures() {
    let pool = ThreadPool::new(1).unwrap();
    let handle = pool.submit_cancellable(|token| {
        while !token.is_cancelled() {
            std::thread::yield_now();
        }
        42
    });
    let handle = handle.unwrap();
    while !handle.is_running() {
        std::thread::yield_now();
    }
    assert!(!handle.is_finished());
    assert!(pool.shutdown_timeout(Shutdown::CancelAll, LONG));
    assert_eq!(handle.join().unwrap(), 42);
}

#[test]
fn a_shutdown_with_a_time_limit_says_whether_all_have_ended() {
    let pool = ThreadPool::new(1).unwrap();
    let (release, released) = mpsc::channel::<()>();
    let running = pool.submit(move || released.recv().is_err()).unwrap();
    let queued = pool.submit(|| 42).unwrap();
    assert!(!pool.shutdown_timeout(Shutdown::Finish, std::time::Duration::from_millis(1)));
    assert!(pool.submit(|| ()).is_err());
    drop(release);
    assert!(pool.shutdown_timeout(Shutdown::Finish, LONG));
    assert!(running.join().unwrap());
    assert_eq!(queued.join().unwrap(), 42, "it was accepted before");
}

#[test]
fn dropping_a_pool_finishes_what_was_submitted() {
    let handles: Vec<_> = {
        let pool = pool(1, Limits::new());
        (0..20)
            .map(|n| pool.submit(tasks::add, (n, 1)).unwrap())
            .collect()
    };
    assert!(handles.iter().all(|handle| handle.is_finished()));
}

#[test]
fn a_pool_dropped_on_its_own_worker_does_not_wait_for_itself() {
    let pool = Arc::new(ThreadPool::new(1).unwrap());
    let (tell, told) = mpsc::channel();
    let (give, given) = mpsc::channel::<Arc<ThreadPool>>();
    drop(pool.submit(move || {
        drop(given.recv().unwrap());
        tell.send(()).unwrap();
    }));
    give.send(pool).unwrap();
    told.recv_timeout(LONG).unwrap();
}

#[test]
fn one_module_serves_several_pools() {
    let module = fault_module();
    let pools: Vec<_> = (0..3)
        .map(|_| ProcessPool::builder(&module).workers(1).build().unwrap())
        .collect();
    for pool in &pools {
        assert_eq!(pool.submit(tasks::add, (1, 2)).unwrap().join().unwrap(), 3);
    }
}

#[test]
fn pools_and_handles_can_be_shared_between_threads() {
    fn shared<T: Send + Sync>() {}
    shared::<ThreadPool>();
    shared::<ProcessPool>();
    shared::<sandpool::TaskModule>();
    shared::<sandpool::TaskHandle<u8>>();
    shared::<sandpool::TaskError>();
    shared::<sandpool::CancelHandle>();
}

#[test]
fn stats_count_what_waits_runs_and_was_refused() {
    let pool = ThreadPool::builder().workers(1).queue(1).build().unwrap();
    assert_eq!(pool.stats(), sandpool::PoolStats::default());
    let (release, released) = mpsc::channel::<()>();
    let running = pool.submit(move || released.recv().is_err()).unwrap();
    while !running.is_running() {
        std::thread::yield_now();
    }
    let queued = pool.submit(|| 42).unwrap();
    assert!(pool.try_submit(|| 43).is_err());
    let stats = pool.stats();
    assert_eq!((stats.queued, stats.running, stats.finished()), (1, 1, 0));
    assert_eq!(stats.submitted(), 2);
    assert!(queued.cancel());
    drop(release);
    assert!(running.join().unwrap());
    let stats = pool.stats();
    assert_eq!((stats.queued, stats.running), (0, 0));
    assert_eq!(
        (stats.succeeded, stats.cancelled, stats.errors()),
        (1, 1, 0)
    );
}

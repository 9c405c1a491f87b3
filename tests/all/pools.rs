//! Workers and their names: the same on both pools.

use std::collections::HashSet;
use std::sync::{Arc, Barrier, Mutex, mpsc};

use fault_tasks as tasks;
use sandpool::{
    BuildError, ProcessPool, Shutdown, SubmitErrorKind, TaskHandle, TaskModule, ThreadPool,
};
use sandpool_tests::{AnyPool, LONG, fault_module, on_both_pools};

fn thread_name() -> String {
    std::thread::current().name().unwrap_or_default().to_owned()
}

/// Conformance: 23 (both)
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

/// However many sandboxes the module has room for.
#[cfg(target_os = "linux")]
#[test]
fn more_workers_than_the_system_maps_memory_for_are_refused() {
    const MANY: usize = 1 << 20;
    let module = TaskModule::builder(guest_tasks::MODULE).sandboxes(MANY.try_into().unwrap());
    let module = module.load().unwrap();
    let pool = |workers| ProcessPool::builder(&module).workers(workers).build();
    let error = pool(MANY).unwrap_err();
    let BuildError::TooManyMappings {
        requested: MANY,
        available,
        limit,
    } = error
    else {
        panic!("{error}");
    };
    assert!(available < limit / 2, "{available} {limit}");
    let told = format!("the {limit} mappings that this process may have");
    assert!(error.to_string().contains(&told), "{error}");
    let call = pool(1).unwrap().call(guest_tasks::primes_below, 10);
    assert_eq!(call.unwrap(), 4);
}

#[test]
fn a_module_has_as_many_sandboxes_as_it_was_asked_for() {
    let module = TaskModule::builder(guest_tasks::MODULE).sandboxes(3.try_into().unwrap());
    let module = module.load().unwrap();
    let pool = |workers| ProcessPool::builder(&module).workers(workers).build();
    assert!(matches!(
        pool(4),
        Err(BuildError::TooManyWorkers { available: 3, .. })
    ));
    let three = pool(3).unwrap();
    assert!(matches!(
        pool(1),
        Err(BuildError::TooManyWorkers { available: 0, .. })
    ));
    assert_eq!(three.call(guest_tasks::primes_below, 10).unwrap(), 4);
}

#[test]
fn a_dropped_pool_gives_its_sandboxes_back() {
    let module = TaskModule::new(guest_tasks::MODULE).unwrap();
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

/// Conformance: 26, 27 (threads)
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

/// Conformance: 24 (both)
#[test]
fn the_default_number_of_workers_is_that_of_the_processors() {
    let processors = std::thread::available_parallelism().unwrap().get();
    let threads = ThreadPool::builder().build().unwrap();
    assert_eq!(threads.workers(), (processors + 4).min(32));
    let processes = ProcessPool::new(fault_module()).unwrap();
    assert_eq!(processes.workers(), processors);
}

/// Conformance: 25 (both)
#[test]
fn tasks_one_after_the_other_use_one_worker() {
    on_both_pools(4, |pool| {
        assert_eq!(pool.started(), 0);
        for n in 0..50 {
            assert_eq!(pool.number(n).join().unwrap(), n);
        }
        assert_eq!(pool.started(), 1);
    });
}

/// Conformance: 26 (both)
#[test]
fn many_more_tasks_than_workers_start_all_workers_and_none_more() {
    const WORKERS: usize = 3;
    on_both_pools(WORKERS, |pool| {
        let busy: Vec<_> = (0..WORKERS).map(|_| pool.busy()).collect();
        let queued = (WORKERS..15 * WORKERS).map(|n| pool.number(n as u32));
        let queued: Vec<_> = queued.collect();
        assert_eq!((pool.stats().running, pool.stats().queued), (3, 42));
        assert_eq!(pool.started(), WORKERS);
        drop(busy);
        let sum: u32 = queued
            .into_iter()
            .map(|handle| handle.join().unwrap())
            .sum();
        assert_eq!(sum, (3..45).sum::<u32>());
        assert_eq!(pool.started(), WORKERS);
    });
}

/// Returns the names of the three workers' threads, as callbacks see them.
fn names(pool: &dyn AnyPool) -> HashSet<String> {
    let busy = [(); 3].map(|()| pool.busy());
    let (tell, told) = mpsc::channel();
    for n in 0..30 {
        let tell = tell.clone();
        pool.number(n)
            .on_finish(move |_| tell.send(thread_name()).unwrap());
    }
    drop((busy, tell));
    told.iter().collect()
}

/// Conformance: 27 (both)
#[test]
fn workers_are_named_by_their_pool_and_a_number() {
    let prefixes = Mutex::new(HashSet::new());
    for _ in 0..2 {
        on_both_pools(3, |pool| {
            for name in names(&*pool) {
                let (prefix, number) = name.rsplit_once('_').unwrap();
                assert!(number.parse::<usize>().unwrap() < 3, "{name}");
                prefixes.lock().unwrap().insert(prefix.to_owned());
            }
        });
    }
    assert_eq!(prefixes.into_inner().unwrap().len(), 4);
    let builder = ProcessPool::builder(fault_module()).workers(3);
    let named = names(&builder.name("mine").build().unwrap());
    assert!(
        named.iter().all(|name| name.starts_with("mine_")),
        "{named:?}"
    );
}

/// Conformance: 28 (both)
#[test]
fn what_a_task_holds_and_returns_is_gone_with_it() {
    on_both_pools(1, |pool| {
        let busy = pool.busy();
        let held = Arc::new(());
        let handle = pool.hold(Arc::clone(&held));
        let (tell, told) = mpsc::channel();
        handle.on_finish(move |outcome| {
            let result = outcome.as_ref().unwrap();
            tell.send(Arc::downgrade(result)).unwrap();
        });
        drop((handle, busy));
        let result = told.recv_timeout(LONG).unwrap();
        // The only worker is through with the task before.
        assert_eq!(pool.number(1).join().unwrap(), 1);
        assert_eq!(Arc::strong_count(&held), 1);
        assert!(result.upgrade().is_none());
    });
}

/// Conformance: 101 (both)
#[test]
fn a_hundred_submissions_to_a_new_pool_do_not_wait() {
    on_both_pools(1, |pool| {
        let handles: Vec<_> = (0..100).map(|n| pool.number(n)).collect();
        let numbers = handles.into_iter().map(|handle| handle.join().unwrap());
        assert!(numbers.eq(0..100));
        let busy = pool.busy();
        let handles: Vec<_> = (0..100).map(|n| pool.number(n)).collect();
        assert!(!handles.iter().any(TaskHandle::is_finished));
        drop(busy);
        assert!(handles.into_iter().all(|handle| handle.join().is_ok()));
    });
}

/// Conformance: 101 (threads)
#[test]
fn a_thread_that_cannot_be_started_is_an_error_that_gives_the_work_back() {
    /// No address space has room for it.
    const ABSURD: usize = 1 << 60;
    let builder = ThreadPool::builder().workers(2).stack_bytes(ABSURD);
    let pool = builder.build().unwrap();
    for _ in 0..3 {
        let error = pool.submit(|| 42).unwrap_err();
        assert!(matches!(error.kind(), SubmitErrorKind::Thread(_)));
        assert_eq!(error.into_inner()(), 42);
    }
    assert!(pool.map(|n| n, [1, 2]).is_err());
    assert_eq!(pool.stats(), sandpool::PoolStats::default());
    assert!(pool.shutdown_timeout(Shutdown::Finish, LONG));
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

//! What is done before the first task of a worker or of a sandbox, and what if that cannot be.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Barrier};
use std::time::Duration;

use fault_tasks as tasks;
use sandpool::{
    BuildError, Isolation, Limits, LoadError, ProcessPool, ProcessPoolBuilder, TaskErrorKind,
    TaskModule, ThreadPool,
};
use sandpool_tests::fault_module;

fn builder() -> ProcessPoolBuilder<TaskModule> {
    ProcessPool::builder(fault_module()).workers(1)
}

fn reuse(tasks: usize) -> Isolation {
    Isolation::Reuse {
        tasks: tasks.try_into().unwrap(),
    }
}

/// Conformance: 74 (threads)
#[test]
fn an_initializer_runs_once_on_every_thread_before_its_first_closure() {
    thread_local!(static CALLS: AtomicUsize = const { AtomicUsize::new(0) });
    let calls = || CALLS.with(|calls| calls.load(Ordering::Relaxed));
    let pool = ThreadPool::builder()
        .workers(3)
        .initializer(|| {
            CALLS.with(|calls| calls.fetch_add(1, Ordering::Relaxed));
            Ok(())
        })
        .build()
        .unwrap();
    let together = Arc::new(Barrier::new(3));
    let handles = (0..9).map(|_| {
        let together = Arc::clone(&together);
        pool.submit(move || {
            together.wait();
            calls()
        })
    });
    let handles: Vec<_> = handles.collect::<Result<_, _>>().unwrap();
    for handle in handles {
        assert_eq!(handle.join().unwrap(), 1);
    }
}

/// Conformance: 74 (processes)
#[test]
fn an_initializer_runs_once_in_every_sandbox_before_its_first_task() {
    for isolation in [Isolation::Fresh, reuse(2)] {
        let by_type = builder().initializer(tasks::remember, 7);
        let by_name = builder().initializer_json("remember", "7");
        let each = builder().initializer(tasks::remember, 7);
        for builder in [by_type, by_name, each.initialize_each(true)] {
            let pool = builder.isolation(isolation).build().unwrap();
            for _ in 0..5 {
                assert_eq!(pool.submit(tasks::recall, ()).unwrap().join().unwrap(), 7);
            }
        }
    }
}

/// Conformance: 77 (processes)
#[test]
fn an_initializer_that_the_module_does_not_have_is_refused_at_once() {
    let error = builder()
        .initializer_json("no_such", "1")
        .build()
        .unwrap_err();
    let BuildError::Load(LoadError::MissingTask { task, .. }) = &error else {
        panic!("{error}");
    };
    assert_eq!(task, "no_such");
    let other = ProcessPool::builder(guest_tasks::MODULE);
    let error = other.initializer(tasks::recall, ()).build().unwrap_err();
    assert!(matches!(
        error,
        BuildError::Load(LoadError::MissingTask { .. })
    ));
    let unencodable = builder().initializer(tasks::unencodable_argument, tasks::Unencodable);
    let error = unencodable.build().unwrap_err();
    assert!(matches!(error, BuildError::Initializer(_)), "{error}");
}

/// Conformance: B3 (processes)
#[test]
fn a_limit_that_ends_an_initializer_is_its_tasks_error() {
    let builder = || builder().initialize_each(true);
    let pool = builder().initializer(tasks::spin, ()).build().unwrap();
    let brief = Limits::new().timeout(Duration::from_millis(10));
    for limits in [brief, Limits::new().deadline(Duration::from_millis(10))] {
        let late = pool.with(limits).submit(tasks::recall, ()).unwrap();
        assert!(late.join().unwrap_err().is_timeout());
    }
    let cancelled = pool.submit(tasks::recall, ()).unwrap();
    while !cancelled.is_running() {
        std::thread::yield_now();
    }
    assert!(cancelled.cancel());
    assert!(cancelled.join().unwrap_err().is_cancelled());

    let pool = builder()
        .initializer(tasks::hoard, 32 << 20)
        .build()
        .unwrap();
    let small = pool.with(Limits::new().memory_bytes(16 << 20));
    let error = small.submit(tasks::recall, ()).unwrap().join().unwrap_err();
    assert!(matches!(
        error.kind(),
        TaskErrorKind::MemoryLimitExceeded { .. }
    ));
    assert_eq!(pool.submit(tasks::recall, ()).unwrap().join().unwrap(), 0);
}

#[test]
fn an_initializer_whose_result_is_too_large_for_a_task_is_that_tasks_error() {
    let builder = builder().initializer(tasks::fail, "7".to_owned());
    let builder = builder.initialize_each(true);
    let pool = builder.build().unwrap();
    let small = pool.with(Limits::new().result_bytes(0));
    let error = small
        .submit(tasks::add, (1, 2))
        .unwrap()
        .join()
        .unwrap_err();
    assert!(matches!(error.kind(), TaskErrorKind::ResultTooLarge { .. }));
    assert_eq!(pool.submit(tasks::add, (1, 2)).unwrap().join().unwrap(), 3);
}

#[test]
fn an_initializers_arguments_have_the_limit_of_the_task() {
    let pool = ProcessPool::builder(fault_module())
        .workers(1)
        .initializer(tasks::echo_bytes, vec![0; 2000])
        .limits(Limits::new().argument_bytes(1000))
        .build()
        .unwrap();
    let error = pool.submit(tasks::add, (1, 1)).unwrap().join().unwrap_err();
    assert!(
        matches!(
            error.kind(),
            TaskErrorKind::ArgumentsTooLarge {
                limit_bytes: 1000,
                ..
            }
        ),
        "{error}"
    );
    // It is the task's error: one with another limit is served.
    let roomy = pool.with(Limits::new());
    assert_eq!(roomy.submit(tasks::add, (1, 1)).unwrap().join().unwrap(), 2);
}

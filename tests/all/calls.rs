//! Tasks that are run on the thread that asks for them.

use std::thread;
use std::time::Duration;

use fault_tasks as tasks;
use sandpool::{
    BuildError, CallError, Isolation, Limits, ProcessPool, Shutdown, TaskErrorKind, TaskModule,
};
use sandpool_tests::{fault_module, pool};

fn of_task<A>(error: CallError<A>) -> TaskErrorKind {
    match error {
        CallError::Task(error) => error.kind().clone(),
        error => panic!("{error}"),
    }
}

fn of_submit<A>(error: CallError<A>) -> (String, A) {
    match error {
        CallError::Submit(error) => (format!("{:?}", error.kind()), error.into_inner()),
        error => panic!("{error}"),
    }
}

/// A pool whose sandboxes serve two tasks each.
fn serving_two() -> ProcessPool {
    let tasks = 2.try_into().unwrap();
    let pool = ProcessPool::builder(fault_module()).isolation(Isolation::Reuse { tasks });
    pool.build().unwrap()
}

/// A pool that takes all the sandboxes which the module has left.
fn the_rest(module: &TaskModule) -> ProcessPool {
    let all = ProcessPool::builder(module).workers(usize::MAX).build();
    let BuildError::TooManyWorkers { available, .. } = all.unwrap_err() else {
        panic!("there is no end of sandboxes");
    };
    let rest = ProcessPool::builder(module).workers(available);
    rest.build().unwrap()
}

#[test]
fn a_call_has_the_tasks_result_and_starts_no_worker() {
    let pool = pool(2, Limits::new());
    assert_eq!(pool.call(tasks::add, (20, 22)).unwrap(), 42);
    let text = "text".to_owned();
    assert_eq!(pool.call(tasks::echo, text.clone()).unwrap(), text);
    assert_eq!(
        pool.call(tasks::echo_bytes, vec![7; 300]).unwrap(),
        [7; 300]
    );
    let stats = pool.stats();
    assert_eq!(
        (stats.succeeded, stats.submitted(), stats.workers),
        (3, 3, 0)
    );
    assert_eq!((stats.instances_made, stats.instances_retired), (3, 3));
}

#[test]
fn a_call_fails_as_a_task_does_and_the_next_does_not() {
    let pool = pool(1, Limits::new().timeout(Duration::from_millis(50)));
    for _ in 0..3 {
        let boom = of_task(pool.call(tasks::boom, "no".to_owned()).unwrap_err());
        assert!(matches!(&boom, TaskErrorKind::Panicked(panic) if panic.message().contains("no")));
        let abort = of_task(pool.call(tasks::abort, ()).unwrap_err());
        assert!(matches!(abort, TaskErrorKind::Trapped(_)), "{abort:?}");
        let spin = of_task(pool.call(tasks::spin, ()).unwrap_err());
        assert!(
            matches!(spin, TaskErrorKind::DeadlineExceeded { .. }),
            "{spin:?}"
        );
        let deep = of_task(pool.call(tasks::recurse, 0).unwrap_err());
        assert!(
            matches!(deep, TaskErrorKind::StackOverflow { .. }),
            "{deep:?}"
        );
        assert_eq!(pool.call(tasks::add, (1, 1)).unwrap(), 2);
    }
    let frugal = pool.with(Limits::new().memory_bytes(4 << 20));
    let hoard = of_task(frugal.call(tasks::hoard, 64 << 20).unwrap_err());
    assert!(
        matches!(hoard, TaskErrorKind::MemoryLimitExceeded { .. }),
        "{hoard:?}"
    );
    assert_eq!(pool.stats().finished(), 16);
}

#[test]
fn a_call_that_is_not_made_gives_the_arguments_back() {
    let pool = pool(1, Limits::new());
    let metered = pool.with(Limits::new().fuel(10));
    let (kind, args) = of_submit(metered.call(tasks::add, (1, 2)).unwrap_err());
    assert_eq!((kind.as_str(), args), ("NotMetered", (1, 2)));
    pool.shutdown(Shutdown::Finish);
    let (kind, args) = of_submit(pool.call(tasks::add, (1, 2)).unwrap_err());
    assert_eq!((kind.as_str(), args), ("ShutDown", (1, 2)));
    assert_eq!(pool.stats().submitted(), 0);
}

#[test]
fn a_sandbox_is_kept_for_the_next_call_if_it_may_be() {
    let reuse = Isolation::Reuse {
        tasks: 2.try_into().unwrap(),
    };
    for (isolation, expected) in [(Isolation::Fresh, [1, 1, 1]), (reuse, [1, 2, 1])] {
        let pool = ProcessPool::builder(fault_module()).workers(1);
        let pool = pool.isolation(isolation).build().unwrap();
        let counts = [(); 3].map(|()| pool.call(tasks::count_calls, ()).unwrap());
        assert_eq!(counts, expected);
    }
}

#[test]
fn a_shutdown_lets_go_of_the_sandboxes_that_were_kept_for_calls() {
    let shutdowns: [fn(&ProcessPool); 2] = [
        |pool| pool.shutdown(Shutdown::Finish),
        |pool| _ = pool.shutdown_timeout(Shutdown::Finish, Duration::ZERO),
    ];
    for shutdown in shutdowns {
        let pool = serving_two();
        pool.call(tasks::count_calls, ()).unwrap();
        assert_eq!(pool.stats().instances_retired, 0);
        shutdown(&pool);
        assert_eq!(pool.stats().instances_retired, 1);
    }
}

#[test]
fn a_call_that_ends_after_the_shutdown_keeps_no_sandbox() {
    let pool = serving_two();
    let has_exited = pool.call_with(tasks::echo_bytes, vec![7; 3], |_| {
        pool.shutdown_timeout(Shutdown::Finish, Duration::ZERO)
    });
    assert!(has_exited.unwrap());
    assert_eq!(pool.stats().instances_retired, 1);
}

#[test]
fn a_sandbox_is_kept_for_each_of_those_who_call_at_once() {
    let pool = serving_two();
    // One inside the other.
    let count = || pool.call(tasks::count_calls, ()).unwrap();
    for expected in [1, 2] {
        let inner = pool.call_with(tasks::echo_bytes, vec![7; 3], |_| count());
        assert_eq!(inner.unwrap(), expected);
    }
    assert_eq!(pool.stats().instances_made, 2);
}

#[test]
fn a_call_without_enough_stack_is_run_by_a_worker() {
    let pool = pool(1, Limits::new());
    thread::scope(|scope| {
        // The system may give a thread up to four times as much, of one that has ended.
        let small = thread::Builder::new().stack_size(256 << 10);
        let call = || {
            (
                pool.call(tasks::add, (20, 22)).unwrap(),
                pool.stats().workers,
            )
        };
        let called = small.spawn_scoped(scope, call).unwrap().join().unwrap();
        assert_eq!(called, (42, 1));
        let deep = || of_task(pool.call(tasks::recurse, 0).unwrap_err());
        let small = thread::Builder::new().stack_size(256 << 10);
        let deep = small.spawn_scoped(scope, deep).unwrap().join().unwrap();
        assert!(
            matches!(deep, TaskErrorKind::StackOverflow { .. }),
            "{deep:?}"
        );
    });
}

#[test]
fn a_call_for_which_no_sandbox_is_left_is_run_by_a_worker() {
    // Its own: the other tests need sandboxes, too.
    let module = TaskModule::new(tasks::MODULE).unwrap();
    let pool = ProcessPool::builder(&module).workers(1).build().unwrap();
    let rest = the_rest(&module);
    assert_eq!(pool.call(tasks::add, (20, 22)).unwrap(), 42);
    assert_eq!(pool.stats().workers, 1);
    drop(rest);
    // Now there is one.
    let pool = ProcessPool::builder(&module).workers(1).build().unwrap();
    assert_eq!(pool.call(tasks::add, (20, 22)).unwrap(), 42);
    assert_eq!(pool.stats().workers, 0);
}

#[test]
fn where_no_sandbox_is_left_a_call_takes_one_that_is_kept_for_another_thread() {
    let module = TaskModule::new(tasks::MODULE).unwrap();
    let pool = ProcessPool::builder(&module).workers(1).build().unwrap();
    let call = || {
        (
            pool.call(tasks::add, (20, 22)).unwrap(),
            pool.stats().workers,
        )
    };
    assert_eq!(call(), (42, 0));
    let _rest = the_rest(&module);
    let called = thread::scope(|scope| scope.spawn(call).join());
    assert_eq!(called.unwrap(), (42, 0));
}

#[test]
fn threads_that_call_at_once_do_not_wait_for_each_other() {
    let pool = pool(1, Limits::new());
    thread::scope(|scope| {
        let endless = scope.spawn(|| pool.call(tasks::spin, ()));
        while pool.stats().running == 0 {
            thread::yield_now();
        }
        assert_eq!(pool.call(tasks::add, (20, 22)).unwrap(), 42);
        pool.shutdown(Shutdown::CancelAll);
        let error = of_task(endless.join().unwrap().unwrap_err());
        assert!(matches!(error, TaskErrorKind::Cancelled), "{error:?}");
    });
}

#[test]
fn cancelling_all_stops_calls() {
    let pool = pool(1, Limits::new());
    thread::scope(|scope| {
        let call = scope.spawn(|| of_task(pool.call(tasks::spin, ()).unwrap_err()));
        while pool.stats().running == 0 {
            thread::yield_now();
        }
        pool.shutdown(Shutdown::CancelAll);
        assert!(matches!(call.join().unwrap(), TaskErrorKind::Cancelled));
    });
    assert_eq!(pool.stats().cancelled, 1);
}

#[test]
fn bytes_are_read_where_they_are() {
    let pool = pool(1, Limits::new());
    let bytes: Vec<u8> = (0..=255).cycle().take(100_000).collect();
    let equal = pool
        .call_with(tasks::echo_bytes, bytes.clone(), |read| read == bytes)
        .unwrap();
    assert!(equal);
    let error = pool.call_with(tasks::echo_bytes, bytes, |_| panic!("not these"));
    assert!(matches!(
        of_task(error.unwrap_err()),
        TaskErrorKind::Panicked(_)
    ));
    // On a worker, too.
    let little = thread::Builder::new().stack_size(256 << 10);
    let length = thread::scope(|scope| {
        let call = || pool.call_with(tasks::echo_bytes, vec![1; 10], <[u8]>::len);
        let thread = little.spawn_scoped(scope, call).unwrap();
        thread.join().unwrap().unwrap()
    });
    assert_eq!(length, 10);
}

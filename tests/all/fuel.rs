//! Fuel: a limit that is the same on every run, and what was burnt.

use fault_tasks as tasks;
use sandpool::{
    BuildError, Isolation, Limits, MapOptions, ProcessPool, SubmitErrorKind, TaskErrorKind,
    TaskHandle, TaskModule, ThreadPool, WaitFor, wait,
};
use sandpool_tests::{fault_module, pool};

fn metered() -> TaskModule {
    let builder = TaskModule::builder(fault_tasks::MODULE);
    builder.fuel_metering().load().unwrap()
}

fn metered_pool(limits: Limits) -> ProcessPool {
    let builder = ProcessPool::builder(metered()).workers(2);
    builder.limits(limits).build().unwrap()
}

/// Waits for the task and returns what it has burnt.
pub(crate) fn burnt<T>(handle: TaskHandle<T>) -> Option<u64> {
    let waited = wait([handle], WaitFor::All, None);
    waited.done[0].fuel_used()
}

#[test]
fn a_task_that_burns_more_than_its_limit_ends() {
    let pool = metered_pool(Limits::new().fuel(1_000_000));
    let error = pool.submit(tasks::spin, ()).unwrap().join().unwrap_err();
    assert!(matches!(
        error.kind(),
        TaskErrorKind::FuelExhausted { limit: 1_000_000 }
    ));
    assert_eq!(
        error.to_string(),
        "task `spin` burnt more fuel than its limit of 1000000 and was stopped"
    );
    assert_eq!(pool.submit(tasks::add, (1, 1)).unwrap().join().unwrap(), 2);
    let stats = pool.stats();
    assert_eq!(
        (stats.out_of_fuel, stats.succeeded, stats.errors()),
        (1, 1, 1)
    );
}

#[test]
fn a_call_can_have_more_or_less_fuel_than_the_pool() {
    let pool = metered_pool(Limits::new().fuel(1_000_000));
    let more = pool.with(Limits::new().fuel(100_000_000));
    let spun = more.submit(tasks::spin_until, 1_000_000).unwrap();
    assert_eq!(spun.join().unwrap(), 1_000_000);
    let none = pool.with(Limits::new().fuel(0));
    let error = none.submit(tasks::add, (1, 1)).unwrap().join().unwrap_err();
    assert!(matches!(
        error.kind(),
        TaskErrorKind::FuelExhausted { limit: 0 }
    ));
}

#[test]
fn what_was_burnt_is_told_by_the_handle_and_by_the_pool() {
    let pool = metered_pool(Limits::new());
    let short = burnt(pool.submit(tasks::spin_until, 1_000).unwrap()).unwrap();
    let long = burnt(pool.submit(tasks::spin_until, 2_000).unwrap()).unwrap();
    assert!(short > 1_000, "{short}");
    assert!(long > short + 1_000, "{short}, {long}");
    let again = burnt(pool.submit(tasks::spin_until, 1_000).unwrap());
    assert_eq!(again, Some(short), "a limit does not change what is burnt");
    let failed = burnt(pool.submit(tasks::boom, "no".to_owned()).unwrap());
    let failed = failed.unwrap();
    assert!(failed > 0);
    assert_eq!(pool.stats().fuel_used, 2 * short + long + failed);
}

#[test]
fn tasks_of_a_chunk_have_fuel_of_their_own() {
    let pool = metered_pool(Limits::new().fuel(100_000));
    let options = MapOptions::new().chunk(10);
    let spun = pool
        .map_with(tasks::spin_until, [5_000; 30], options)
        .unwrap();
    assert!(spun.map(Result::unwrap).eq([5_000; 30]));
    assert!(pool.stats().fuel_used > 30 * 5_000);
}

#[test]
fn a_sandbox_that_is_kept_gives_each_task_its_fuel() {
    let tasks_each = 100.try_into().unwrap();
    let pool = ProcessPool::builder(metered())
        .workers(1)
        .isolation(Isolation::Reuse { tasks: tasks_each })
        .limits(Limits::new().fuel(100_000))
        .build()
        .unwrap();
    for _ in 0..20 {
        let spun = pool.submit(tasks::spin_until, 5_000).unwrap();
        assert_eq!(spun.join().unwrap(), 5_000);
    }
    assert_eq!(pool.stats().instances_made, 1);
}

#[test]
fn a_limit_that_nobody_counts_is_refused() {
    let limits = Limits::new().fuel(1);
    let builder = ProcessPool::builder(fault_module()).limits(limits.clone());
    assert!(matches!(builder.build(), Err(BuildError::NotMetered)));
    let pool = pool(1, Limits::new());
    let error = pool
        .with(limits.clone())
        .submit(tasks::add, (1, 2))
        .unwrap_err();
    assert!(
        matches!(error.kind(), SubmitErrorKind::NotMetered),
        "{error}"
    );
    assert!(error.to_string().contains("fuel_metering()"), "{error}");
    assert_eq!(error.into_inner(), (1, 2), "the arguments come back");
    let options = MapOptions::new().chunk(2);
    let mapped = pool
        .with(limits)
        .map_with(tasks::spin_until, [1, 2], options);
    assert!(matches!(
        mapped.unwrap_err().kind(),
        SubmitErrorKind::NotMetered
    ));
}

#[test]
fn where_nothing_counts_nothing_is_told() {
    let pool = pool(1, Limits::new());
    assert_eq!(burnt(pool.submit(tasks::add, (1, 1)).unwrap()), None);
    assert_eq!(pool.stats().fuel_used, 0);
    let threads = ThreadPool::new(1).unwrap();
    assert_eq!(burnt(threads.submit(|| 1).unwrap()), None);
}

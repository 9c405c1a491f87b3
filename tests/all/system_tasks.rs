//! Tasks that are built for an operating system.

use std::sync::LazyLock;

use sandpool::{Grants, Isolation, ProcessPool, TaskErrorKind, TaskModule};
use wasi_tasks as tasks;

use crate::wasi::{failure, load, wasi};

fn task_pool(isolation: Isolation) -> ProcessPool {
    static MODULE: LazyLock<TaskModule> =
        LazyLock::new(|| load(tasks::MODULE, Grants::new().clock().log().wasi(wasi())));
    let builder = ProcessPool::builder(MODULE.clone()).workers(1);
    builder.isolation(isolation).build().unwrap()
}

#[test]
fn tasks_for_an_operating_system_are_tasks_like_others() {
    let pool = task_pool(Isolation::Fresh);
    let read = |path: &str| pool.submit(tasks::read, path.to_owned()).unwrap().join();
    assert_eq!(read("/read/file").unwrap(), "in the folder");
    assert!(matches!(
        read("/read/../secret").unwrap_err().kind(),
        TaskErrorKind::Failed(_)
    ));
    pool.submit(tasks::print, "text".to_owned())
        .unwrap()
        .join()
        .unwrap();
    let error = pool
        .submit(tasks::boom, "no".to_owned())
        .unwrap()
        .join()
        .unwrap_err();
    assert!(
        error.is_panic() && error.to_string().contains("src/lib.rs"),
        "{error}"
    );
    for code in [0, 5] {
        let error = pool.submit(tasks::exit, code).unwrap().join().unwrap_err();
        assert_eq!(failure(&error), (Some(code), String::new()));
    }
}

#[test]
fn tasks_for_an_operating_system_can_share_a_sandbox() {
    let pool = task_pool(Isolation::Reuse {
        tasks: 10.try_into().unwrap(),
    });
    for number in 0..3 {
        assert_eq!(
            pool.submit(tasks::count, ()).unwrap().join().unwrap(),
            number
        );
    }
    let pool = task_pool(Isolation::Fresh);
    for _ in 0..2 {
        assert_eq!(pool.submit(tasks::count, ()).unwrap().join().unwrap(), 0);
    }
}

#[test]
fn a_task_sleeps_as_long_as_it_says() {
    let pool = task_pool(Isolation::Fresh);
    let (system, sandbox) = pool.submit(tasks::sleep, 20).unwrap().join().unwrap();
    assert!(system >= 20_000 && sandbox >= 20_000, "{system} {sandbox}");
    assert!(system < 30_000_000, "{system}");
}

//! A task's fault is that task's error, on both pools, and the pool goes on.

use anyhow::Context as _;
use fault_tasks as tasks;
use sandpool::{
    Limits, MapError, MapOptions, ProcessPool, Task, TaskError, TaskErrorKind, ThreadPool, TrapKind,
};
use sandpool_tests::pool;

/// Runs a task that fails, and sees that the pool still answers.
fn error_of<T: Task>(pool: &ProcessPool, task: T, args: T::Args) -> TaskError {
    let Err(error) = pool.submit(task, args).unwrap().join() else {
        panic!("`{}` has not failed", T::RECORD.name);
    };
    assert_eq!(error.task(), T::RECORD.name);
    assert_eq!(
        pool.submit(tasks::add, (20, 22)).unwrap().join().unwrap(),
        42
    );
    error
}

/// Conformance: 80, 81, B4 (processes)
#[test]
fn a_panic_in_a_guest_arrives_with_message_and_place() {
    let pool = pool(1, Limits::new());
    let error = error_of(&pool, tasks::boom, "out of cheese".to_owned());
    assert!(error.is_panic());
    let TaskErrorKind::Panicked(panic) = error.kind() else {
        panic!("{error}");
    };
    assert_eq!(panic.message(), "out of cheese");
    assert!(panic.file().unwrap().ends_with("fault-tasks/src/lib.rs"));
    let line = panic.line().unwrap();
    let source = include_str!("../fault-tasks/src/lib.rs");
    assert!(
        source
            .lines()
            .nth(line as usize - 1)
            .unwrap()
            .contains("panic!")
    );
    assert_eq!(
        error.to_string(),
        format!(
            "task `boom` panicked at {}:{line}:5: out of cheese",
            panic.file().unwrap()
        )
    );
    assert_eq!(error.backtrace()[0].function(), "fault_tasks::boom");
}

/// Conformance: 81 (processes)
#[test]
fn a_panic_in_a_scalar_task_arrives_too() {
    let pool = pool(1, Limits::new());
    let error = error_of(&pool, tasks::index_out_of_bounds, 9);
    assert!(error.is_panic());
    let text = error.to_string();
    assert!(text.ends_with("the len is 3 but the index is 9"), "{text}");
}

#[test]
fn a_panic_in_a_closure_arrives_with_message_and_place() {
    let pool = ThreadPool::new(1).unwrap();
    let line = line!() + 1;
    let handle = pool.submit(|| panic!("no {}", "luck")).unwrap();
    let error: TaskError = handle.join().unwrap_err();
    let TaskErrorKind::Panicked(panic) = error.kind() else {
        panic!("{error}");
    };
    assert_eq!(panic.message(), "no luck");
    assert_eq!(panic.file(), Some(file!()));
    assert_eq!(panic.line(), Some(line));
    assert!(error.task().contains("a_panic_in_a_closure"), "{error}");
    assert_eq!(pool.submit(|| 42).unwrap().join().unwrap(), 42);
}

/// Conformance: 80, 81 (processes)
#[test]
fn an_error_of_a_task_arrives_with_its_causes() {
    let pool = pool(1, Limits::new());
    let error = error_of(&pool, tasks::fail, "many".to_owned());
    assert!(matches!(error.kind(), TaskErrorKind::Failed(_)));
    assert_eq!(error.to_string(), "task `fail` failed");
    let chain = anyhow::Error::from(error)
        .chain()
        .skip(1)
        .map(ToString::to_string)
        .collect::<Vec<_>>();
    assert_eq!(
        chain,
        [
            "the order cannot be read",
            "the count is no number",
            "invalid digit found in string"
        ]
    );
    assert_eq!(
        pool.submit(tasks::fail, "7".to_owned())
            .unwrap()
            .join()
            .unwrap(),
        7
    );
}

#[test]
fn a_task_error_goes_through_anyhow_with_its_chain() {
    let pool = pool(1, Limits::new());
    let failed = || -> anyhow::Result<u32> {
        let handle = pool.submit(tasks::fail, "x".to_owned())?;
        handle.join().context("no count today")
    };
    assert_eq!(
        format!("{:#}", failed().unwrap_err()),
        "no count today: task `fail` failed: the order cannot be read: \
         the count is no number: invalid digit found in string"
    );
}

/// Conformance: 78, 79, 81, 97, B4 (processes)
#[test]
fn traps_are_told_apart() {
    let pool = pool(1, Limits::new());
    let trap = |error: TaskError| match error.kind() {
        TaskErrorKind::Trapped(trap) => *trap,
        _ => panic!("{error}"),
    };
    let aborted = error_of(&pool, tasks::abort, ());
    assert_eq!(aborted.to_string(), "task `abort` trapped: abort");
    assert_eq!(trap(aborted), TrapKind::Unreachable);
    let wild = error_of(&pool, tasks::wild_read, ());
    assert_eq!(trap(wild), TrapKind::MemoryOutOfBounds);
}

/// Conformance: 79, B4 (processes)
#[test]
fn a_stack_that_is_used_up_is_told_from_a_wild_pointer() {
    let pool = pool(1, Limits::new());
    let native = error_of(&pool, tasks::recurse, 0);
    assert!(
        matches!(native.kind(), TaskErrorKind::StackOverflow { .. }),
        "{native}"
    );
    let in_memory = error_of(&pool, tasks::recurse_with_buffers, 0);
    assert!(
        matches!(in_memory.kind(), TaskErrorKind::StackOverflow { .. }),
        "{in_memory}"
    );
    assert!(
        in_memory.backtrace()[0]
            .function()
            .contains("recurse_with_buffers")
    );
}

/// Conformance: 94, 96 (processes)
#[test]
fn values_that_cannot_be_encoded_are_their_tasks_errors() {
    let pool = pool(1, Limits::new());
    let result = error_of(&pool, tasks::unencodable_result, ());
    assert!(
        matches!(result.kind(), TaskErrorKind::BadResult(_)),
        "{result}"
    );
    let argument = error_of(&pool, tasks::unencodable_argument, tasks::Unencodable);
    assert!(
        matches!(argument.kind(), TaskErrorKind::BadArguments(_)),
        "{argument}"
    );
}

/// Conformance: 95, 97 (processes)
#[test]
fn a_result_whose_decoding_panics_is_that_tasks_panic() {
    let pool = pool(1, Limits::new());
    let error = error_of(&pool, tasks::panics_in_host, ());
    assert!(error.is_panic(), "{error}");
    assert!(error.to_string().ends_with("not in this memory"), "{error}");
}

#[test]
fn a_result_whose_destructor_panics_leaves_the_worker_alive() {
    struct Bomb;
    impl Drop for Bomb {
        fn drop(&mut self) {
            panic!("dropped");
        }
    }
    let pool = ThreadPool::new(1).unwrap();
    for _ in 0..3 {
        let (release, released) = std::sync::mpsc::channel::<()>();
        let handle = pool.submit(move || {
            let _ = released.recv();
            Bomb
        });
        drop(handle.unwrap());
        drop(release);
    }
    assert_eq!(pool.submit(|| 42).unwrap().join().unwrap(), 42);
}

#[test]
fn the_place_of_a_panic_is_not_that_of_another_one() {
    let pool = ThreadPool::new(1).unwrap();
    let caught = pool.submit(|| std::panic::catch_unwind(|| panic!("caught")).is_err());
    assert!(caught.unwrap().join().unwrap());
    let resumed = pool.submit(|| std::panic::resume_unwind(Box::new("resumed")));
    assert_is_without_a_place(&resumed.unwrap().join().unwrap_err());

    // And of the items of a map that run one after the other.
    let call = |item| match item {
        0 => std::panic::catch_unwind(|| panic!("caught")).is_err(),
        _ => std::panic::resume_unwind(Box::new("resumed")),
    };
    let mut results = pool
        .map_with(call, 0..2, MapOptions::new().chunk(2))
        .unwrap();
    assert!(results.next().unwrap().unwrap());
    let Err(MapError::Task(error)) = results.next().unwrap() else {
        panic!("it panics");
    };
    assert_is_without_a_place(&error);
}

fn assert_is_without_a_place(error: &TaskError) {
    let TaskErrorKind::Panicked(panic) = error.kind() else {
        panic!("{error}");
    };
    assert_eq!((panic.message(), panic.line()), ("resumed", None));
}

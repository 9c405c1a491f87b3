//! Any bytes as arguments of honest tasks.

use std::sync::LazyLock;

use sandpool::{ProcessPool, TaskError, TaskErrorKind};

use crate::fault_module;

/// Tasks that do not panic, whatever they are given.
const TASKS: [&str; 7] = [
    "echo",
    "add",
    "fail",
    "echo_bytes",
    "echo_values",
    "checked",
    "fail_with",
];

/// Calls a task, which the first byte chooses, with the others: as JSON, and as bytes.
///
/// # Panics
///
/// If the task ends otherwise than such a task can.
pub fn arguments(bytes: &[u8]) {
    static POOL: LazyLock<ProcessPool> = LazyLock::new(|| {
        let builder = ProcessPool::builder(fault_module()).workers(1);
        builder
            .limits(super::limits())
            .build()
            .expect("there is room")
    });
    let Some((choice, rest)) = bytes.split_first() else {
        return;
    };
    let task = TASKS[usize::from(*choice) % TASKS.len()];
    let json = String::from_utf8_lossy(rest);
    let handle = POOL.submit_json(task, json).expect("it is there");
    check(handle.join());
    if task == "echo_bytes" {
        let handle = POOL.submit_bytes(task, rest).expect("it takes bytes");
        match handle.join() {
            Ok(echoed) => assert_eq!(echoed, rest),
            error => check(error),
        }
    }
}

fn check<T>(outcome: Result<T, TaskError>) {
    let Err(error) = outcome else {
        return;
    };
    let is_expected = matches!(
        error.kind(),
        TaskErrorKind::BadArguments(_)
            | TaskErrorKind::Failed(_)
            | TaskErrorKind::ArgumentsTooLarge { .. }
            | TaskErrorKind::ResultTooLarge { .. }
            | TaskErrorKind::MemoryLimitExceeded { .. }
            // On a machine that is slowed down by what looks for coverage.
            | TaskErrorKind::DeadlineExceeded { .. }
    );
    assert!(is_expected, "{error}");
    super::load::shown(Err::<(), _>(error));
}

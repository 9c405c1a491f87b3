//! Any text and bytes as the arguments of tasks that do not panic.

use std::sync::LazyLock;
use std::time::Duration;

use sandpool::{Limits, ProcessPool, TaskError, TaskErrorKind, TaskModule};
use serde::de::IgnoredAny;

use crate::fault_module;

const LIMITS: Limits = Limits::new()
    .timeout(Duration::from_millis(100))
    .memory_bytes(8 << 20)
    .argument_bytes(64 << 10)
    .result_bytes(64 << 10);

/// The tasks of the reference crate that do not trust what they are given.
const REFERENCE: [&str; 5] = [
    "heavy_compute",
    "primes_below",
    "word_frequencies",
    "blur_png",
    "summarize_orders",
];

/// Those of the other crate that do not panic.
const OTHERS: [&str; 15] = [
    "echo",
    "echo_bytes",
    "add",
    "nothing",
    "fail",
    "fail_with",
    "count_calls",
    "remember",
    "recall",
    "echo_values",
    "checked",
    "outcome",
    "bytes",
    "scalar",
    "length_of_text",
];

/// Those of both that take bytes.
const OF_BYTES: [(Crate, &str); 2] = [(Crate::Others, "echo_bytes"), (Crate::Others, "bytes")];

#[derive(Clone, Copy)]
enum Crate {
    Reference,
    Others,
}

impl Crate {
    fn pool(self) -> &'static ProcessPool {
        static REFERENCE: LazyLock<ProcessPool> = LazyLock::new(|| {
            let module = TaskModule::new(guest_tasks::MODULE);
            pool(module.expect("the module is our own"))
        });
        static OTHERS: LazyLock<ProcessPool> = LazyLock::new(|| pool(fault_module()));
        match self {
            Self::Reference => &REFERENCE,
            Self::Others => &OTHERS,
        }
    }
}

fn pool(module: TaskModule) -> ProcessPool {
    let builder = ProcessPool::builder(module).workers(1).limits(LIMITS);
    builder.build().expect("a pool of one worker fits")
}

/// Calls the task that the first byte stands for with the other bytes: as they are, or as text.
///
/// # Panics
///
/// If the task ends otherwise than with a value, an error of its own, bad arguments or a limit, or if
/// the value is none.
pub fn arguments(bytes: &[u8]) {
    let Some((&which, given)) = bytes.split_first() else {
        return;
    };
    let json = REFERENCE.map(|task| (Crate::Reference, task));
    let json = json
        .into_iter()
        .chain(OTHERS.map(|task| (Crate::Others, task)));
    let json = json.map(|task| (task, true));
    let all: Vec<_> = json.chain(OF_BYTES.map(|task| (task, false))).collect();
    let ((of, task), is_json) = all[usize::from(which) % all.len()];
    if is_json {
        with_json(of.pool(), task, given);
    } else {
        with_bytes(of.pool(), task, given);
    }
}

fn with_json(pool: &ProcessPool, task: &str, given: &[u8]) {
    let json = String::from_utf8_lossy(given);
    let handle = pool.submit_json(task, json).expect("the task is there");
    match handle.join() {
        Ok(value) => {
            let parsed = serde_json::from_str::<IgnoredAny>(&value);
            parsed.unwrap_or_else(|error| panic!("{task} returned {value}: {error}"));
        }
        // It says so where more numbers are asked for than can be addressed.
        Err(error) if task == "primes_below" && error.is_panic() => {}
        Err(error) => is_allowed(&error),
    }
}

fn with_bytes(pool: &ProcessPool, task: &str, given: &[u8]) {
    let handle = pool.submit_bytes(task, given).expect("the task is there");
    match handle.join() {
        Ok(value) => assert_eq!(value, given, "{task}"),
        Err(error) => is_allowed(&error),
    }
}

fn is_allowed(error: &TaskError) {
    let is_allowed = match error.kind() {
        TaskErrorKind::BadArguments(_)
        | TaskErrorKind::Failed(_)
        | TaskErrorKind::DeadlineExceeded { .. }
        | TaskErrorKind::MemoryLimitExceeded { .. }
        | TaskErrorKind::StackOverflow { .. }
        | TaskErrorKind::ArgumentsTooLarge { .. }
        | TaskErrorKind::ResultTooLarge { .. } => true,
        // Of a list that is larger than half of what 32 bits can address: it was to have as many
        // elements as the argument says.
        TaskErrorKind::Panicked(panic) => panic.message() == "capacity overflow",
        _ => false,
    };
    assert!(is_allowed, "{error}");
}

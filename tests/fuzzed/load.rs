//! Any bytes as a module.

use sandpool::{LoadError, ModuleInfo, ProcessPool, TaskModule};

/// Reads the bytes as a module, loads it, and runs its tasks if it can be loaded.
///
/// # Panics
///
/// If what the parser says of the module and whether it can be loaded contradict each other, or the
/// compiler fails.
pub fn load(bytes: &[u8]) {
    let info = ModuleInfo::read(bytes);
    let checked = info.as_ref().is_ok_and(|info| info.check().is_ok());
    let loaded = TaskModule::builder(bytes)
        .limits(super::load_limits())
        .load();
    match loaded {
        Ok(module) => {
            assert!(checked, "what cannot be loaded was");
            run(&module);
        }
        Err(LoadError::Compiler(reason)) => panic!("the compiler failed: {reason}"),
        Err(error) => assert!(!error.to_string().is_empty()),
    }
}

/// Runs every task with arguments that may fit it.
pub(super) fn run(module: &TaskModule) {
    const MOST_TASKS: usize = 4;
    let pool = ProcessPool::builder(module).workers(1);
    let pool = pool.limits(super::limits()).build().expect("there is room");
    for task in module.tasks().iter().take(MOST_TASKS) {
        let name = task.name();
        if let Ok(handle) = pool.submit_bytes(name, *b"some bytes") {
            shown(handle.join());
        }
        let handle = pool.submit_json(name, "[1, \"two\"]").expect("it is there");
        shown(handle.join());
    }
}

/// Sees that an error can be shown, without anything that a terminal obeys.
pub(super) fn shown<T>(outcome: Result<T, sandpool::TaskError>) {
    if let Err(error) = outcome {
        let mut cause: Option<&dyn std::error::Error> = Some(&error);
        while let Some(error) = cause {
            let text = error.to_string();
            assert!(!text.contains('\u{1b}'), "{text:?}");
            cause = error.source();
        }
    }
}

//! Any bytes as a module.

use std::time::Duration;

use sandpool::{LoadError, LoadLimits, ModuleInfo, TaskModule};

const LIMITS: LoadLimits = LoadLimits::new()
    .module_bytes(64 << 10)
    .functions(200)
    .compile_time(Duration::from_secs(5));

/// Reads, checks and loads the bytes as a module.
///
/// # Panics
///
/// If a module is loaded of which the look before says that it cannot be, or the other way round where it
/// says why, or if the compiler fails.
pub fn load(bytes: &[u8]) {
    let checked = ModuleInfo::read(bytes).and_then(|info| {
        look_at(&info);
        info.check()
    });
    let loaded = TaskModule::builder(bytes).limits(LIMITS).load();
    match (&checked, &loaded) {
        (Err(checked), Ok(_)) => panic!("loaded, although {checked}"),
        (_, Err(LoadError::Compiler(reason))) => panic!("the compiler failed{reason}"),
        (_, Ok(module)) => look_at(module.info()),
        (_, Err(error)) => assert!(!error.to_string().is_empty()),
    }
}

/// Asks for all that there is.
fn look_at(info: &ModuleInfo) {
    for task in info.tasks() {
        assert_eq!(
            info.task(task.name()).expect("it is in the list").name(),
            task.name()
        );
        let signature = task.to_string();
        assert!(signature.starts_with(task.name()), "{signature}");
        assert!(signature.contains(task.output()) || task.output() == "()");
    }
    for import in info.imports() {
        assert!(import.module().len() + import.name().len() < info.module_bytes());
    }
    assert!(info.code_bytes() < info.module_bytes());
}

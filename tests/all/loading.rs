//! Modules that cannot be loaded: each with an error that says what was found.

use fault_tasks as tasks;
use sandpool::{LoadError, ModuleInfo, ProcessPool, SubmitErrorKind, TaskModule};
use sandpool_tests::fault_module;

use crate::by_hand::append_custom_section;

fn error_of(wasm: &[u8]) -> LoadError {
    TaskModule::new(wasm).expect_err("it cannot be loaded")
}

fn wat(text: &str) -> Vec<u8> {
    wat::parse_str(text).unwrap()
}

#[test]
fn bytes_that_are_no_module_are_told_apart() {
    assert!(matches!(error_of(b""), LoadError::Empty));
    assert!(matches!(error_of(b"fn main() {}"), LoadError::NotWasm));
    assert!(matches!(
        error_of(b"\0asm\x01\0\0\0\x7F"),
        LoadError::Invalid(_)
    ));
    assert!(matches!(
        error_of(b"\0asm\x0D\0\x01\0"),
        LoadError::Component
    ));
    let cut = &tasks::MODULE[..tasks::MODULE.len() / 2];
    assert!(matches!(error_of(cut), LoadError::Invalid(_)));
    let text = error_of(b"fn main() {}").to_string();
    assert!(text.contains("not a wasm module") && text.contains("sandpool build"));
}

#[test]
fn a_module_that_is_too_large_is_not_looked_at() {
    let large = vec![0; (64 << 20) + 1];
    assert!(matches!(
        error_of(&large),
        LoadError::TooLarge { limit_bytes, .. } if limit_bytes == 64 << 20
    ));
}

#[test]
fn a_missing_file_is_named() {
    let error = TaskModule::from_file("/no/such/tasks.wasm").unwrap_err();
    assert_eq!(error.to_string(), "/no/such/tasks.wasm cannot be read");
    assert!(std::error::Error::source(&error).is_some());
}

#[test]
fn a_module_without_tasks_is_refused_and_can_be_looked_at() {
    let wasm = wat("(module (func))");
    assert!(matches!(error_of(&wasm), LoadError::NoTasks));
    assert!(ModuleInfo::read(&wasm).unwrap().tasks().is_empty());
}

#[test]
fn another_abi_version_is_named() {
    let mut wasm = tasks::MODULE.to_vec();
    let section = b"sandpool.tasks";
    let name_at = wasm
        .windows(section.len())
        .position(|w| w == section)
        .unwrap();
    let version_at = name_at + section.len() + 4;
    wasm[version_at] = 9;
    let error = error_of(&wasm);
    assert!(matches!(error, LoadError::AbiVersion { found: 9 }));
    let text = error.to_string();
    assert!(
        text.contains("version 9") && text.contains("speaks version 1"),
        "{text}"
    );
}

#[test]
fn damaged_records_are_refused() {
    let mut wasm = wat("(module)");
    append_custom_section(&mut wasm, "sandpool.tasks", b"\xFF\0\0\0\x01\0\0\0");
    assert!(matches!(error_of(&wasm), LoadError::BadRecords));
}

/// The records of the real module, to go with other code.
fn with_records(mut wasm: Vec<u8>) -> Vec<u8> {
    const RECORD: sandpool_abi::Record = <tasks::nothing as sandpool::Task>::RECORD;
    const BYTES: [u8; RECORD.len_bytes()] = RECORD.to_bytes();
    append_custom_section(&mut wasm, "sandpool.tasks", &BYTES);
    wasm
}

const EXPORTS: &str = r#"(memory (export "memory") 1)
    (global (export "SANDPOOL_PANIC") i32 (i32.const 0))
    (func (export "sandpool_alloc") (param i32) (result i32) i32.const 0)
    (func (export "sandpool.task.nothing") (param i32 i32 i32) (result i64) i64.const 0)"#;
const SCALAR: &str =
    r#"(func (export "sandpool.scalar.nothing") (param i64 i64 i64 i64) (result i64) i64.const 0)"#;

#[test]
fn a_module_that_wants_something_of_the_host_is_refused() {
    let import = r#"(import "wasi_snapshot_preview1" "fd_write" (func (param i32)))"#;
    let wasm = with_records(wat(&format!("(module {import} {EXPORTS} {SCALAR})")));
    let error = error_of(&wasm);
    assert!(matches!(error, LoadError::Import { .. }));
    let text = error.to_string();
    assert!(
        text.contains("`fd_write` from `wasi_snapshot_preview1`"),
        "{text}"
    );
    let info = ModuleInfo::read(&wasm).unwrap();
    assert_eq!(info.imports()[0].name(), "fd_write");
}

#[test]
fn a_module_that_would_run_before_its_tasks_is_refused() {
    let start = "(func $start) (start $start)";
    let wasm = with_records(wat(&format!("(module {EXPORTS} {SCALAR} {start})")));
    assert!(matches!(error_of(&wasm), LoadError::StartFunction));
}

#[test]
fn exports_that_are_missing_or_of_another_type_are_named() {
    let missing = with_records(wat(&format!("(module {EXPORTS})")));
    let text = error_of(&missing).to_string();
    assert!(text.contains("`sandpool.scalar.nothing`"), "{text}");

    let another = r#"(func (export "sandpool.scalar.nothing") (param i64))"#;
    let another = with_records(wat(&format!("(module {EXPORTS} {another})")));
    let text = error_of(&another).to_string();
    assert!(text.contains("`sandpool.scalar.nothing`"), "{text}");
}

#[test]
fn two_tasks_of_one_name_are_refused() {
    let wasm = with_records(with_records(wat(&format!("(module {EXPORTS} {SCALAR})"))));
    assert!(matches!(error_of(&wasm), LoadError::DuplicateTask(name) if name == "nothing"));
}

#[test]
fn parts_of_wasm_that_are_switched_off_are_refused() {
    let refused = |what: &str, name: &str, wasm: String| match error_of(&with_records(wat(&wasm))) {
        LoadError::Feature { proposal, .. } => assert_eq!(proposal, name, "{what}"),
        error => panic!("{what}: {error}"),
    };
    for (more, name) in [
        ("(memory 1)", "multiple memories"),
        ("(table 1 funcref) (table 1 funcref)", "several tables"),
        ("(func $f (return_call $f))", "tail calls"),
        ("(type (struct))", "garbage collection"),
        ("(func (param externref))", "external references"),
        ("(func (param (ref func)))", "function references"),
    ] {
        refused(more, name, format!("(module {EXPORTS} {SCALAR} {more})"));
    }
    for (memory, name) in [("i64 1", "64-bit memory"), ("1 1 shared", "threads")] {
        let exports = EXPORTS.replace("\"memory\") 1", &format!("\"memory\") {memory}"));
        refused(memory, name, format!("(module {exports} {SCALAR})"));
    }
}

mod another {
    /// Has the name of a task of the module, and other types.
    #[sandpool_guest::task]
    pub(super) fn add(left: i64, right: i64) -> i64 {
        left + right
    }

    /// Has the name of no task of the module.
    #[sandpool_guest::task]
    pub(super) fn subtract(left: i64, right: i64) -> i64 {
        left - right
    }
}

#[test]
fn a_task_with_other_types_is_refused_before_anything_runs() {
    let module = fault_module();
    assert!(module.check(tasks::add).is_ok());
    let error = module.check(another::add).unwrap_err();
    assert_eq!(
        error.to_string(),
        "the module has `add(left: i32, right: i32) -> i32`, the host was compiled for \
         `add(left: i64, right: i64) -> i64`; build both from the same sources"
    );
    assert!(matches!(
        module.check(another::subtract),
        Err(LoadError::MissingTask { .. })
    ));
    let pool = ProcessPool::builder(module).workers(1).build().unwrap();
    let error = pool.submit(another::add, (1, 2)).unwrap_err();
    assert!(matches!(
        error.kind(),
        SubmitErrorKind::Task(LoadError::Signature { .. })
    ));
    assert_eq!(error.into_inner(), (1, 2));
}

mod aliased {
    type Numbers = Vec<u32>;

    /// Is the module's task, but for what the numbers are called: they do not travel as its do.
    #[sandpool_guest::task]
    pub(super) fn running_sums(numbers: Numbers) -> Numbers {
        numbers
    }
}

#[test]
fn numbers_that_travel_otherwise_are_another_type() {
    let module = fault_module();
    assert!(module.check(tasks::running_sums).is_ok());
    assert_eq!(
        module.check(aliased::running_sums).unwrap_err().to_string(),
        "the module has `running_sums(numbers: [u32]) -> [u32]`, the host was compiled for \
         `running_sums(numbers: Vec<u32>) -> Vec<u32>`; build both from the same sources"
    );
}

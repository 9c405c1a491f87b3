//! What a module may be to be loaded: its size, its functions, what they take to compile.

use std::fmt::Write;
use std::time::{Duration, Instant};

use sandpool::{LoadError, LoadLimits, ModuleInfo, ProcessPool, TaskModule};
use sandpool_tests::LONG;

use crate::by_hand::{Guest, HONEST, lie};

fn error_of(wasm: &[u8], limits: LoadLimits) -> LoadError {
    TaskModule::builder(wasm).limits(limits).load().unwrap_err()
}

#[test]
fn a_module_beyond_the_limit_of_bytes_is_refused() {
    let bytes = fault_tasks::MODULE.len();
    let limits = LoadLimits::new().module_bytes(bytes - 1);
    let error = error_of(fault_tasks::MODULE, limits);
    assert_eq!(
        error.to_string(),
        format!("the module has {bytes} bytes, the limit is {}", bytes - 1)
    );
    let limits = LoadLimits::new().module_bytes(bytes);
    assert!(
        TaskModule::builder(fault_tasks::MODULE)
            .limits(limits)
            .load()
            .is_ok()
    );
}

#[test]
fn a_module_with_too_many_functions_is_refused() {
    let functions = ModuleInfo::read(fault_tasks::MODULE).unwrap().functions();
    let limits = LoadLimits::new().functions(functions - 1);
    match error_of(fault_tasks::MODULE, limits) {
        LoadError::TooManyFunctions {
            functions: found,
            limit,
        } => assert_eq!((found, limit), (functions, functions - 1)),
        error => panic!("{error}"),
    }
}

/// A module of many functions, each of some size.
fn large() -> Vec<u8> {
    let mut more = String::new();
    for function in 0..3000 {
        let _ = write!(more, "(func (param i32) (result i32) (local.get 0)");
        for number in 0..200 {
            let _ = write!(more, "(i32.const {number}) (i32.mul) (i32.popcnt)");
        }
        let _ = write!(more, "(i32.const {function}) (i32.add))");
    }
    let guest = Guest {
        more: more.leak(),
        ..HONEST
    };
    guest.wasm()
}

#[test]
fn compiling_ends_at_its_time_limit_and_holds_no_worker_up() {
    let honest = HONEST.pool();
    let limit = Duration::from_millis(50);
    let wasm = large();
    let started = Instant::now();
    let error = error_of(&wasm, LoadLimits::new().compile_time(limit));
    assert!(started.elapsed() >= limit);
    assert!(
        matches!(error, LoadError::CompileTime { limit: found } if found == limit),
        "{error}"
    );
    assert_eq!(
        error.to_string(),
        "compiling the module took longer than its limit of 50ms"
    );
    // Those who compile share no thread with those who run tasks.
    assert!(honest.submit(lie, Vec::new()).unwrap().join().is_ok());
    // With enough time it is a module like any other.
    let limits = LoadLimits::new().compile_time(LONG);
    let module = TaskModule::builder(&wasm).limits(limits).load().unwrap();
    let pool = ProcessPool::new(module).unwrap();
    assert!(pool.submit(lie, Vec::new()).unwrap().join().is_ok());
}

#[test]
fn no_time_at_all_compiles_nothing() {
    let limits = LoadLimits::new().compile_time(Duration::ZERO);
    let error = error_of(fault_tasks::MODULE, limits);
    assert!(matches!(error, LoadError::CompileTime { .. }), "{error}");
}

#[test]
fn time_without_end_is_no_limit() {
    let limits = LoadLimits::new().compile_time(Duration::MAX);
    assert!(HONEST.builder().limits(limits).load().is_ok());
}

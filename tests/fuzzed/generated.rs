//! Modules that are made up, and valid: through the compiler, and run.

use std::time::Duration;

use arbitrary::Unstructured;
use sandpool::{Limits, LoadError, LoadLimits, ProcessPool, TaskErrorKind, TaskModule};

use crate::fuzzed::guest::{NAME, guest};

const LOAD: LoadLimits = LoadLimits::new()
    .module_bytes(1 << 20)
    .compile_time(Duration::from_secs(5));

const RUN: Limits = Limits::new()
    .timeout(Duration::from_millis(20))
    .memory_bytes(1 << 20)
    .table_elements(1000)
    .argument_bytes(1 << 10)
    .result_bytes(1 << 16);

const FUEL: u64 = 10_000;

/// How a module is loaded.
struct Settings {
    deterministic: bool,
    bounds_checks: bool,
}

/// Makes a module of the bytes, loads it, and calls its task with JSON and with bytes; where the
/// module is to be deterministic, twice.
///
/// # Panics
///
/// If the module is refused, the compiler fails, a task ends in a way that no guest can bring about, or
/// what is deterministic ends in another way the second time.
pub fn generated(bytes: &[u8]) {
    let mut input = Unstructured::new(bytes);
    let Ok(settings) = settings(&mut input) else {
        return;
    };
    // Too few bytes for a module.
    let Ok(wasm) = guest(&mut input) else {
        return;
    };
    let mut builder = TaskModule::builder(wasm).limits(LOAD);
    if settings.bounds_checks {
        builder = builder.bounds_checks();
    }
    if settings.deterministic {
        builder = builder.deterministic();
    }
    let module = match builder.load() {
        Ok(module) => module,
        Err(LoadError::TooComplex { .. } | LoadError::CompileTime { .. }) => return,
        // More memories may be made up, and references to things outside: those are off.
        Err(LoadError::Feature { .. }) => return,
        Err(error) => panic!("not loaded: {error}"),
    };
    let limits = match settings.deterministic {
        true => RUN.fuel(FUEL),
        false => RUN,
    };
    let pool = ProcessPool::builder(module).workers(1).limits(limits);
    let pool = pool.build().expect("there is room for one worker");
    let once = ends(&pool);
    if settings.deterministic {
        let again = ends(&pool);
        for (once, again) in once.iter().zip(&again) {
            let timed = [once, again]
                .iter()
                .any(|end| end.starts_with("Err(Deadline"));
            assert!(timed || once == again, "{once}, then {again}");
        }
    }
}

fn settings(input: &mut Unstructured<'_>) -> arbitrary::Result<Settings> {
    Ok(Settings {
        deterministic: input.arbitrary()?,
        bounds_checks: input.ratio(1, 8)?,
    })
}

/// Calls the task with bytes and with JSON, and returns how that ended.
fn ends(pool: &ProcessPool) -> [String; 2] {
    let bytes = pool.submit_bytes(NAME, [7; 40]).expect("the task is there");
    let json = pool.submit_json(NAME, "[7]").expect("the task is there");
    [end(bytes.join()), end(json.join())]
}

fn end<T: std::fmt::Debug>(end: Result<T, sandpool::TaskError>) -> String {
    if let Err(error) = &end {
        assert!(!error.to_string().is_empty());
        assert!(error.backtrace().len() <= 20);
        let is_no_guest = matches!(
            error.kind(),
            TaskErrorKind::Cancelled | TaskErrorKind::Broken(_) | TaskErrorKind::BadHostCall { .. }
        );
        assert!(!is_no_guest, "{error}");
    }
    format!("{:?}", end.map_err(|error| error.kind().clone()))
}

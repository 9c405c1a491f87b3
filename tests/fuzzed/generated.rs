//! Modules that are valid, and made at random.

use arbitrary::Unstructured;
use sandpool::{LoadError, TaskModule};
use wasm_smith::Config;

use super::graft::graft;

/// Makes a module of the bytes, adds what a task needs, loads it and runs the task, which calls one of its
/// functions.
///
/// # Panics
///
/// If a valid module is refused for being malformed, or the compiler fails.
pub fn generated(bytes: &[u8]) {
    let Some(wasm) = module(bytes) else {
        return;
    };
    let loaded = TaskModule::builder(&wasm)
        .limits(super::load_limits())
        .load();
    match loaded {
        Ok(module) => super::load::run(&module),
        Err(
            LoadError::CompileTime { .. }
            | LoadError::TooComplex { .. }
            | LoadError::TooManyFunctions { .. },
        ) => {}
        Err(error) => panic!("a valid module was refused: {error}"),
    }
}

fn module(bytes: &[u8]) -> Option<Vec<u8>> {
    let mut input = Unstructured::new(bytes);
    let config = Config {
        // The parts of WebAssembly that are on.
        bulk_memory_enabled: true,
        multi_value_enabled: true,
        reference_types_enabled: false,
        simd_enabled: true,
        relaxed_simd_enabled: false,
        tail_call_enabled: false,
        exceptions_enabled: false,
        gc_enabled: false,
        memory64_enabled: false,
        threads_enabled: false,
        custom_page_sizes_enabled: false,
        wide_arithmetic_enabled: false,
        extended_const_enabled: true,
        // The sections that more is added to are there.
        max_imports: 0,
        min_types: 1,
        min_funcs: 1,
        min_globals: 1,
        min_memories: 1,
        max_memories: 1,
        min_exports: 1,
        max_memory32_bytes: 2 << 20,
        allow_start_export: false,
        generate_custom_sections: false,
        ..Config::default()
    };
    let generated = wasm_smith::Module::new(config, &mut input).ok()?;
    graft(&generated.to_bytes())
}

//! The only place that configures wasmtime.

use std::num::NonZeroUsize;

use wasmtime::{
    Config, Engine, InstanceAllocationStrategy, OptLevel, PoolingAllocationConfig,
    WasmBacktraceDetails, WasmFeatures,
};

/// How much of a worker's stack wasm code may use.
pub(crate) const WASM_STACK_BYTES: usize = 1 << 20;

/// How many frames of a fault's backtrace are kept.
const BACKTRACE_FRAMES: NonZeroUsize = NonZeroUsize::new(20).expect("20 is not zero");

/// What guests may not use. Rust's guests use none of it, and each is code that could have a hole.
const OFF: WasmFeatures = WasmFeatures::MULTI_MEMORY
    .union(WasmFeatures::MEMORY64)
    .union(WasmFeatures::THREADS)
    .union(WasmFeatures::TAIL_CALL)
    .union(WasmFeatures::RELAXED_SIMD)
    .union(WasmFeatures::FUNCTION_REFERENCES)
    .union(WasmFeatures::GC)
    .union(WasmFeatures::EXCEPTIONS)
    .union(WasmFeatures::COMPONENT_MODEL);

/// Returns an engine with room for this many instances at once.
///
/// Each has 4 GiB of address space with guard pages behind it, so that memory accesses need no bounds
/// checks. Where so much cannot be reserved, instances are mapped one by one, which is slower.
pub(crate) fn new(instances: u32) -> Result<Engine, wasmtime::Error> {
    let mut pooled = config();
    let mut pool = PoolingAllocationConfig::new();
    pool.total_core_instances(instances)
        .total_memories(instances)
        .total_tables(instances);
    pooled.allocation_strategy(InstanceAllocationStrategy::Pooling(pool));
    Engine::new(&pooled).or_else(|_| Engine::new(&mapped_one_by_one()))
}

/// Takes no more address space than a guest's memory has: accesses are checked one by one instead.
fn mapped_one_by_one() -> Config {
    const GUARD_BYTES: u64 = 64 << 10;
    const ROOM_TO_GROW_BYTES: u64 = 1 << 20;
    let mut config = config();
    config
        .memory_reservation(0)
        .memory_guard_size(GUARD_BYTES)
        .memory_reservation_for_growth(ROOM_TO_GROW_BYTES);
    config
}

fn config() -> Config {
    let mut config = Config::new();
    config
        .wasm_features(OFF, false)
        .cranelift_opt_level(OptLevel::Speed)
        .epoch_interruption(true)
        .max_wasm_stack(WASM_STACK_BYTES)
        .wasm_backtrace_max_frames(Some(BACKTRACE_FRAMES))
        .wasm_backtrace_details(WasmBacktraceDetails::Disable)
        // Guests are not unwound by the system's unwinder, and registering them with it gets slow.
        .native_unwind_info(false);
    config
}

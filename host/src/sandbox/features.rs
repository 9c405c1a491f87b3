//! Which parts of WebAssembly guests may use.

use wasmparser::{Validator, WasmFeatures};

/// What compilers for wasm32 emit without being asked for more. All else is code of the engine that
/// could have a hole, and that no guest needs.
pub(super) const ON: WasmFeatures = WasmFeatures::MUTABLE_GLOBAL
    .union(WasmFeatures::SATURATING_FLOAT_TO_INT)
    .union(WasmFeatures::SIGN_EXTENSION)
    .union(WasmFeatures::REFERENCE_TYPES)
    .union(WasmFeatures::MULTI_VALUE)
    .union(WasmFeatures::BULK_MEMORY)
    .union(WasmFeatures::SIMD)
    .union(WasmFeatures::FLOATS)
    .union(WasmFeatures::EXTENDED_CONST);

/// What is off, by the names of the proposals.
const OFF: [(&str, WasmFeatures); 13] = [
    ("threads", WasmFeatures::THREADS),
    ("tail calls", WasmFeatures::TAIL_CALL),
    ("multiple memories", WasmFeatures::MULTI_MEMORY),
    ("64-bit memory", WasmFeatures::MEMORY64),
    ("relaxed SIMD", WasmFeatures::RELAXED_SIMD),
    ("external references", WasmFeatures::GC_TYPES),
    ("exceptions", EXCEPTIONS),
    ("function references", FUNCTION_REFERENCES),
    ("garbage collection", GC),
    ("wide arithmetic", WasmFeatures::WIDE_ARITHMETIC),
    ("custom page sizes", WasmFeatures::CUSTOM_PAGE_SIZES),
    (
        "stack switching",
        GC.union(WasmFeatures::STACK_SWITCHING).union(EXCEPTIONS),
    ),
    ("several proposals", WasmFeatures::all()),
];

const FUNCTION_REFERENCES: WasmFeatures =
    WasmFeatures::FUNCTION_REFERENCES.union(WasmFeatures::GC_TYPES);
const GC: WasmFeatures = FUNCTION_REFERENCES.union(WasmFeatures::GC);
const EXCEPTIONS: WasmFeatures = WasmFeatures::EXCEPTIONS
    .union(WasmFeatures::LEGACY_EXCEPTIONS)
    .union(WasmFeatures::GC_TYPES);

/// Returns the proposal that would have to be on for the module to be valid, where it is one that is off.
pub(super) fn missing(wasm: &[u8]) -> Option<&'static str> {
    let is_valid = |more| {
        Validator::new_with_features(ON.union(more))
            .validate_all(wasm)
            .is_ok()
    };
    let (name, _) = OFF.iter().find(|(_, more)| is_valid(*more))?;
    Some(name)
}

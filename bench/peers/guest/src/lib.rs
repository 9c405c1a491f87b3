//! The probes of the benchmarks as an Extism plug-in.

use extism_pdk::{FnResult, plugin_fn};

/// Does nothing.
#[plugin_fn]
pub fn nothing() -> FnResult<()> {
    Ok(())
}

/// Returns the bytes.
#[plugin_fn]
pub fn echo(bytes: Vec<u8>) -> FnResult<Vec<u8>> {
    Ok(bytes)
}

/// Never returns.
#[plugin_fn]
pub fn spin() -> FnResult<()> {
    loop {
        std::hint::spin_loop();
    }
}

/// Ends as a crash would.
#[plugin_fn]
pub fn crash() -> FnResult<()> {
    std::process::abort();
}

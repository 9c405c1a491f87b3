//! Log lines.

use sandpool_abi::imports::{LOG, Level, MODULE};
use wasmtime::{Caller, Linker};

use crate::sandbox::guest::Guest;
use crate::sandbox::imports::{bad_call, burn, parts, range};
use crate::sync;

pub(super) fn define(linker: &mut Linker<Guest>) -> wasmtime::Result<()> {
    linker.func_wrap(MODULE, LOG, log)?;
    Ok(())
}

fn log(mut caller: Caller<'_, Guest>, level: u32, ptr: u32, len: u32) -> wasmtime::Result<()> {
    let known = Level::from_u32(level);
    let level = known.ok_or_else(|| bad_call(LOG, format!("there is no level {level}")))?;
    burn(&mut caller, len as usize)?;
    let (memory, guest) = parts(&mut caller);
    let range = range(memory, LOG, ptr, len)?;
    sync::lock(&guest.host.lines).write(level, &memory[range]);
    // A subscriber may take its time.
    guest.stopped()?;
    Ok(())
}

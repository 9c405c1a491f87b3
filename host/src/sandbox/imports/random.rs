//! Random bytes.

use sandpool_abi::imports::{MODULE, RANDOM};
use wasmtime::{Caller, Linker};

use crate::error::TaskErrorKind;
use crate::sandbox::guest::Guest;
use crate::sandbox::imports::{burn, parts, range};
use crate::sandbox::trap::HostFault;

pub(super) fn define(linker: &mut Linker<Guest>) -> wasmtime::Result<()> {
    let import = |mut caller: Caller<'_, Guest>, ptr: u32, len: u32| -> wasmtime::Result<()> {
        fill(&mut caller, RANDOM, ptr, len)
    };
    linker.func_wrap(MODULE, RANDOM, import)?;
    Ok(())
}

/// Fills a piece of the guest's memory.
pub(in crate::sandbox) fn fill(
    caller: &mut Caller<'_, Guest>,
    function: &str,
    ptr: u32,
    len: u32,
) -> wasmtime::Result<()> {
    /// How much is filled between two looks whether the task is to end: some tens of microseconds.
    const AT_ONCE_BYTES: usize = 64 << 10;
    burn(caller, len as usize)?;
    let (memory, guest) = parts(caller);
    let range = range(memory, function, ptr, len)?;
    for part in memory[range].chunks_mut(AT_ONCE_BYTES) {
        guest.stopped()?;
        guest.host.random.fill(part).map_err(|error| {
            HostFault(TaskErrorKind::NoSandbox(format!(
                "the operating system gives no random bytes: {error}"
            )))
        })?;
    }
    Ok(())
}

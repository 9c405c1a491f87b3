//! Links what is granted, and what all of it needs: the guest's memory, checked, and its fuel.
//!
//! What a guest passes is hostile. A call that makes no sense ends its task.

mod functions;
mod log;
pub(super) mod random;

use std::ops::Range;

use sandpool_abi::imports::{CLOCK, MODULE};
use sandpool_abi::{MEMORY_EXPORT, Span};
use wasmtime::{Caller, Extern, Linker, Trap};

use crate::error::TaskErrorKind;
use crate::grants::Grants;
use crate::sandbox::guest::Guest;
use crate::sandbox::trap::HostFault;

/// Defines what is granted.
pub(crate) fn define(grants: &Grants, linker: &mut Linker<Guest>) -> wasmtime::Result<()> {
    if grants.clock {
        linker.func_wrap(MODULE, CLOCK, |caller: Caller<'_, Guest>| {
            let made = caller.data().host.made;
            let elapsed = made.expect("it is granted").elapsed();
            i64::try_from(elapsed.as_nanos()).unwrap_or(i64::MAX)
        })?;
    }
    if grants.randomness.is_some() {
        random::define(linker)?;
    }
    if grants.log {
        log::define(linker)?;
    }
    functions::define(&grants.functions, linker)?;
    #[cfg(feature = "wasi")]
    if grants.wasi.is_some() {
        super::wasi::define(linker)?;
    }
    Ok(())
}

/// Returns the guest's memory, and what the host keeps for it.
pub(super) fn parts<'a>(caller: &'a mut Caller<'_, Guest>) -> (&'a mut [u8], &'a mut Guest) {
    let memory = caller
        .get_export(MEMORY_EXPORT)
        .and_then(Extern::into_memory)
        .expect("admission has seen the memory");
    memory.data_and_store_mut(caller)
}

/// Returns where in a memory the guest says that something is.
pub(super) fn range(
    memory: &[u8],
    function: &str,
    ptr: u32,
    len: u32,
) -> Result<Range<usize>, HostFault> {
    let range = Span { ptr, len }.range(memory.len());
    range.ok_or_else(|| {
        bad_call(
            function,
            format!(
                "{len} bytes at {ptr} are not inside of the memory, which has {}",
                memory.len()
            ),
        )
    })
}

pub(super) fn bad_call(function: &str, reason: impl Into<String>) -> HostFault {
    HostFault(TaskErrorKind::BadHostCall {
        function: function.to_owned(),
        reason: reason.into(),
    })
}

/// Takes the fuel for what the host does with so many bytes, where fuel is counted.
pub(super) fn burn(caller: &mut Caller<'_, Guest>, bytes: usize) -> wasmtime::Result<()> {
    /// How many bytes a unit pays for.
    const BYTES: u64 = 8;
    let Ok(fuel) = caller.get_fuel() else {
        return Ok(());
    };
    let left = fuel.checked_sub(bytes as u64 / BYTES);
    caller.set_fuel(left.unwrap_or(0))?;
    match left {
        Some(_) => Ok(()),
        None => Err(Trap::OutOfFuel.into()),
    }
}

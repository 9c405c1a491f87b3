//! Functions of the host.
//!
//! A call decodes the arguments where they are in the guest's memory, lets go of that, runs the closure,
//! and keeps the reply until the guest takes it. So the closure runs while nothing of the store is
//! borrowed, and may do what it likes.

use std::collections::BTreeMap;
use std::sync::Arc;

use sandpool_abi::imports::{HOST_MODULE, MODULE, TAKE_REPLY};
use wasmtime::{Caller, Linker};

use crate::error::{Panic, TaskErrorKind};
use crate::grants::HostFunction;
use crate::panic_place;
use crate::sandbox::guest::Guest;
use crate::sandbox::imports::{bad_call, burn, parts, range};
use crate::sandbox::trap::HostFault;

pub(super) fn define(
    functions: &BTreeMap<String, Arc<HostFunction>>,
    linker: &mut Linker<Guest>,
) -> wasmtime::Result<()> {
    if !functions.is_empty() {
        linker.func_wrap(MODULE, TAKE_REPLY, take_reply)?;
    }
    for (name, function) in functions {
        let (owned, function) = (name.clone(), Arc::clone(function));
        let import = move |caller: Caller<'_, Guest>, ptr: u32, len: u32| {
            call(caller, &owned, &*function, ptr, len)
        };
        linker.func_wrap(HOST_MODULE, name, import)?;
    }
    Ok(())
}

/// Calls the closure, and returns the length of the reply.
fn call(
    mut caller: Caller<'_, Guest>,
    name: &str,
    function: &HostFunction,
    ptr: u32,
    len: u32,
) -> wasmtime::Result<i64> {
    burn(&mut caller, len as usize)?;
    let (memory, guest) = parts(&mut caller);
    let bytes = &memory[range(memory, name, ptr, len)?];
    let limit_bytes = guest.host.result_bytes;
    if bytes.len() > limit_bytes {
        return Err(HostFault(TaskErrorKind::ResultTooLarge {
            bytes: bytes.len(),
            limit_bytes,
        })
        .into());
    }
    let panicked = |panic: Box<Panic>| HostFault(TaskErrorKind::Panicked(*panic));
    let prepared = panic_place::catch(|| function(bytes)).map_err(panicked)?;
    let prepared = prepared.map_err(|error| bad_call(name, format!("its arguments: {error}")))?;
    guest.host.reply = None;
    let reply = panic_place::catch(prepared).map_err(panicked)?;
    // A guest in a loop of calls may look for the end of its time nowhere else.
    caller.data().stopped()?;
    let reply = reply.map_err(|error| bad_call(name, format!("its reply: {error}")))?;
    burn(&mut caller, reply.len())?;
    let limit_bytes = caller.data().host.argument_bytes;
    if reply.len() > limit_bytes {
        return Err(HostFault(TaskErrorKind::ArgumentsTooLarge {
            bytes: reply.len(),
            limit_bytes,
        })
        .into());
    }
    let len = i64::try_from(reply.len()).expect("a vector is not larger");
    caller.data_mut().host.reply = Some(reply);
    Ok(len)
}

/// Copies the reply to the guest's memory.
fn take_reply(mut caller: Caller<'_, Guest>, ptr: u32) -> wasmtime::Result<()> {
    let (memory, guest) = parts(&mut caller);
    let reply = guest.host.reply.take();
    let reply = reply.ok_or_else(|| bad_call(TAKE_REPLY, "there is no reply to take"))?;
    let len = u32::try_from(reply.len())
        .map_err(|_| bad_call(TAKE_REPLY, "the reply is larger than any memory"))?;
    let range = range(memory, TAKE_REPLY, ptr, len)?;
    memory[range].copy_from_slice(&reply);
    Ok(())
}

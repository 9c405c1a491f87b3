//! Calls of what the host granted. With `buffers` the only `unsafe` code of the crate.

use sandpool_abi::imports::Level;

#[link(wasm_import_module = "sandpool")]
unsafe extern "C" {
    // They take numbers and hand out numbers, or read memory that may hold anything.
    safe fn clock() -> i64;
    safe fn log(level: u32, ptr: u32, len: u32);
    /// # Safety
    ///
    /// The host writes to so many bytes at `ptr`: they have to be the caller's.
    unsafe fn random(ptr: *mut u8, len: usize);
    /// # Safety
    ///
    /// The host writes its reply to `ptr`: as many bytes as it has told have to be the caller's.
    unsafe fn take_reply(ptr: *mut u8);
}

/// A function of the host: takes where the encoded arguments are, and returns the length of the reply.
pub type HostFunction = extern "C" fn(u32, u32) -> i64;

/// Returns the nanoseconds since the sandbox was made.
pub(crate) fn nanoseconds() -> u64 {
    u64::try_from(clock()).expect("the host's clock starts at 0")
}

/// Fills the bytes with random ones.
pub(crate) fn fill(bytes: &mut [u8]) {
    // SAFETY: the slice is exclusively ours, and the host writes to these bytes only.
    unsafe { random(bytes.as_mut_ptr(), bytes.len()) };
}

/// Logs a line.
pub(crate) fn write_line(level: Level, line: &str) {
    let (ptr, len) = place(line.as_bytes());
    log(level as u32, ptr, len);
}

/// Calls the function, and returns its reply.
pub(crate) fn call(function: HostFunction, arguments: &[u8]) -> Vec<u8> {
    let (ptr, len) = place(arguments);
    let len = usize::try_from(function(ptr, len)).expect("a reply fits the memory");
    let mut reply = vec![0; len];
    // SAFETY: the host has just told how long the reply is, copies so many bytes, and the vector has
    // them.
    unsafe { take_reply(reply.as_mut_ptr()) };
    reply
}

/// Where the host finds the bytes.
fn place(bytes: &[u8]) -> (u32, u32) {
    let number = |number| u32::try_from(number).expect("wasm32 has 32-bit addresses");
    (
        number(bytes.as_ptr().expose_provenance()),
        number(bytes.len()),
    )
}

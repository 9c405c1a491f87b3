//! Memory that the host writes to and reads from. The only `unsafe` code of the crate.

use std::cell::{RefCell, UnsafeCell};

use sandpool_abi::{PANIC_REPORT_BYTES, Span};

/// Reserves `len` bytes for the host to write arguments to. They belong to the host until it hands
/// them to a task's export.
#[unsafe(export_name = "sandpool_alloc")]
extern "C" fn alloc(len: usize) -> *mut u8 {
    crate::call::enter();
    Box::leak(vec![0; len].into_boxed_slice()).as_mut_ptr()
}

thread_local! {
    /// The answer that the host is reading.
    static ANSWER: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

/// Gives `answer` to the host, which reads it before it calls again.
pub(crate) fn give_answer(answer: Vec<u8>) -> Span {
    let number = |number| u32::try_from(number).expect("wasm32 has 32-bit addresses");
    let span = Span {
        ptr: number(answer.as_ptr().addr()),
        len: number(answer.len()),
    };
    ANSWER.set(answer);
    span
}

/// Frees the last answer: the host has read it.
pub(crate) fn forget_answer() {
    ANSWER.take();
}

/// Takes back the arguments that the host wrote.
pub(crate) fn take_arguments(ptr: u32, len: u32) -> Box<[u8]> {
    let (ptr, len) = (ptr as usize as *mut u8, len as usize);
    // SAFETY: the host passes what `alloc` returned for this `len`, once (ABI version 1): so the
    // memory is a live boxed slice of `len` initialised bytes that nobody else owns.
    unsafe { Box::from_raw(std::ptr::slice_from_raw_parts_mut(ptr, len)) }
}

/// Where the host looks for a panic report after a trap.
#[repr(transparent)]
struct PanicBuffer(UnsafeCell<[u8; PANIC_REPORT_BYTES]>);

// SAFETY: a wasm module without shared memory has one thread.
unsafe impl Sync for PanicBuffer {}

#[unsafe(export_name = "SANDPOOL_PANIC")]
static PANIC: PanicBuffer = PanicBuffer(UnsafeCell::new([0; PANIC_REPORT_BYTES]));

/// Lets `write` fill the panic report.
pub(crate) fn with_panic_report(write: impl FnOnce(&mut [u8; PANIC_REPORT_BYTES])) {
    // SAFETY: there is one thread, and this function, the buffer's only user, is not entered
    // again: it runs in the panic hook, and a panic in there aborts.
    write(unsafe { &mut *PANIC.0.get() });
}

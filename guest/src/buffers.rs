//! Memory that the host writes to and reads from. The only `unsafe` code of the crate.

use std::any::Any;
use std::cell::{RefCell, UnsafeCell};
use std::mem::MaybeUninit;
use std::ops::Deref;

use sandpool_abi::codec::Number;
use sandpool_abi::{PANIC_REPORT_BYTES, Span};

/// Reserves `len` bytes for the host to write arguments to. They belong to the host until it hands
/// them to a task's export.
#[unsafe(export_name = "sandpool_alloc")]
extern "C" fn alloc(len: usize) -> *mut u8 {
    crate::call::enter();
    let words = Box::leak(Box::<[Word]>::new_uninit_slice(words(len)));
    let first = words.as_mut_ptr().cast::<u8>();
    first.wrapping_add(bytes_before(len))
}

/// As large as the largest numbers.
type Word = u64;

/// How many bytes after the beginning of a word the arguments of `len` bytes begin: so many that numbers which
/// are all of them begin with a word, after their length. So they can be read where they are.
fn bytes_before(len: usize) -> usize {
    // As `codec::Length` has it.
    let is_enough = |bytes: &u32| {
        let left = len.saturating_sub(*bytes as usize);
        left.checked_shr(7 * bytes).unwrap_or(0) == 0
    };
    let of_length = (1..).find(is_enough).unwrap_or(1) as usize;
    of_length.next_multiple_of(size_of::<Word>()) - of_length
}

/// How many words have room for that.
fn words(len: usize) -> usize {
    len.div_ceil(size_of::<Word>()) + 1
}

/// The arguments that the host wrote.
pub(crate) struct Arguments {
    words: Box<[MaybeUninit<Word>]>,
    len: usize,
}

impl Deref for Arguments {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        let first = self.words.as_ptr().cast::<u8>();
        // SAFETY: the words are as many as `alloc` has made, so these bytes are inside; they are those that the
        // host has written.
        unsafe { std::slice::from_raw_parts(first.add(bytes_before(self.len)), self.len) }
    }
}

thread_local! {
    /// The answer that the host is reading.
    static ANSWER: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };

    /// What the answer points to.
    static KEPT: RefCell<Option<Box<dyn Any>>> = const { RefCell::new(None) };
}

/// Gives `answer` to the host, which reads it before it calls again.
pub(crate) fn give_answer(answer: Vec<u8>) -> Span {
    let span = span_of(&answer);
    ANSWER.set(answer);
    span
}

/// Keeps numbers, which a guest has in memory as they travel, until the host has read the answer that tells
/// where they are.
pub(crate) fn keep<T: Number>(numbers: Vec<T>) -> Span {
    let span = span_of(&numbers);
    KEPT.set(Some(Box::new(numbers)));
    span
}

fn span_of<T>(list: &[T]) -> Span {
    let number = |number| u32::try_from(number).expect("wasm32 has 32-bit addresses");
    Span {
        ptr: number(list.as_ptr().addr()),
        len: number(size_of_val(list)),
    }
}

/// Frees the last answer: the host has read it.
pub(crate) fn forget_answer() {
    ANSWER.take();
    KEPT.take();
}

/// Takes back the arguments that the host wrote.
pub(crate) fn take_arguments(ptr: u32, len: u32) -> Arguments {
    let (ptr, len) = (ptr as usize as *mut u8, len as usize);
    let first = ptr.wrapping_sub(bytes_before(len)).cast();
    // SAFETY: the host passes what `alloc` returned for this `len`, once (ABI version 1): so before that begins
    // a live boxed slice of so many words that nobody else owns.
    let words = unsafe { Box::from_raw(std::ptr::slice_from_raw_parts_mut(first, words(len))) };
    Arguments { words, len }
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

#[cfg(all(test, miri, target_pointer_width = "32"))]
mod tests {
    use super::{alloc, forget_answer, give_answer, keep, take_arguments, with_panic_report};

    #[test]
    fn arguments_come_back_as_the_host_wrote_them() {
        for arguments in [&b""[..], b"some", &[7; 127], &[7; 129], &[7; 1000]] {
            let ptr = alloc(arguments.len());
            // SAFETY: what the host does: `alloc` has just returned so many bytes.
            unsafe { ptr.copy_from_nonoverlapping(arguments.as_ptr(), arguments.len()) };
            let (at, len) = (ptr.expose_provenance(), arguments.len());
            assert_eq!(*take_arguments(at as u32, len as u32), *arguments);
        }
    }

    #[test]
    fn numbers_that_are_the_only_argument_begin_with_a_word() {
        for numbers in [0, 1, 15, 16, 2047, 2048] {
            let bytes = vec![0; numbers * size_of::<super::Word>()];
            let length = sandpool_abi::codec::Length::of(&bytes).as_ref().len();
            let ptr = alloc(length + bytes.len());
            assert!((ptr.addr() + length).is_multiple_of(8), "{numbers}");
            let len = (length + bytes.len()) as u32;
            drop(take_arguments(ptr.expose_provenance() as u32, len));
        }
    }

    #[test]
    fn an_answer_is_there_until_it_is_forgotten_or_another_is_given() {
        for answer in [&b"first"[..], b"second"] {
            let span = give_answer(answer.to_vec());
            let at = super::ANSWER.with_borrow(|answer| answer.as_ptr());
            assert_eq!(
                (at.addr(), answer.len()),
                (span.ptr as usize, span.len as usize)
            );
            // SAFETY: what the host does before it calls again: the answer is still there.
            assert_eq!(
                unsafe { std::slice::from_raw_parts(at, answer.len()) },
                answer
            );
        }
        forget_answer();
        assert_eq!(super::ANSWER.with_borrow(Vec::capacity), 0);
    }

    #[test]
    fn what_an_answer_points_to_is_there_until_it_is_forgotten() {
        let numbers = vec![1_u16, 2, 3];
        let at = numbers.as_ptr();
        let span = keep(numbers);
        assert_eq!((at.addr(), 6), (span.ptr as usize, span.len as usize));
        // SAFETY: as above.
        assert_eq!(unsafe { std::slice::from_raw_parts(at, 3) }, [1, 2, 3]);
        forget_answer();
        assert!(super::KEPT.with_borrow(Option::is_none));
    }

    #[test]
    fn a_panic_report_is_where_the_host_looks_for_it() {
        with_panic_report(|report| report[..4].copy_from_slice(b"boom"));
        // SAFETY: what the host does after a trap: nobody writes any more.
        let report = unsafe { &*super::PANIC.0.get() };
        assert_eq!(report[..4], *b"boom");
    }
}

//! The allocator of modules. `talc` does the work; here is where its memory comes from.
//!
//! A memory that grows costs a new sandbox system calls that lock all of the host's memory, so that workers
//! wait for each other. What a small task needs is therefore there from the start, among the statics, and the
//! memory grows for the rest.

use core::alloc::Layout;
use core::arch::wasm32::{memory_grow, memory_size};
use core::mem::MaybeUninit;
use core::ptr::NonNull;

use talc::base::binning::Binning;
use talc::base::{CHUNK_UNIT, Talc};
use talc::cell::TalcSyncCell;
use talc::source::Source;
use talc::wasm::WasmBinning;

const PAGE_BYTES: usize = 1 << 16;

/// How much there is from the start.
const HEAP_BYTES: usize = match option_env!("SANDPOOL_HEAP_BYTES") {
    Some(bytes) => match usize::from_str_radix(bytes, 10) {
        Ok(bytes) => bytes,
        Err(_) => panic!("SANDPOOL_HEAP_BYTES is not a number of bytes"),
    },
    None => 128 << 10,
};

#[global_allocator]
static ALLOCATOR: TalcSyncCell<Memory, WasmBinning> = TalcSyncCell::new_wasm(Memory {
    has_statics: true,
    end: None,
});

static mut HEAP: [MaybeUninit<u8>; HEAP_BYTES] = [MaybeUninit::uninit(); HEAP_BYTES];

/// The memory of the module.
#[derive(Debug)]
struct Memory {
    /// Whether the static memory was not taken yet.
    has_statics: bool,
    /// Where what was taken last ends.
    end: Option<NonNull<u8>>,
}

// SAFETY: this allocates nothing itself, and `Ok` says that there is more memory than before.
unsafe impl Source for Memory {
    fn acquire<B: Binning>(talc: &mut Talc<Self, B>, layout: Layout) -> Result<(), ()> {
        if core::mem::take(&mut talc.source.has_statics) {
            // SAFETY: this is done once, and nothing else uses `HEAP`.
            if unsafe { talc.claim((&raw mut HEAP).cast(), HEAP_BYTES) }.is_some() {
                return Ok(());
            }
        }
        let pages = pages(layout);
        let before = memory_grow::<0>(pages);
        if before == usize::MAX {
            return Err(());
        }
        let first = (before * PAGE_BYTES) as *mut u8;
        let bytes = pages * PAGE_BYTES;
        // The last page that there can be ends where addresses do.
        let end = first.addr().saturating_add(bytes) as *mut u8;
        talc.source.end = match talc.source.end {
            // SAFETY: the memory up to `old_end` is the allocator's, and that from there on has just been made.
            Some(old_end) if old_end.as_ptr() == first => {
                Some(unsafe { talc.extend(old_end, end) })
            }
            // SAFETY: the memory has just been made: nobody else knows of it.
            _ => unsafe { talc.claim(first, bytes) },
        };
        talc.source.end.map(drop).ok_or(())
    }
}

/// Returns by how many pages to grow: what the allocation needs, or a sixteenth of what there is, so that memory
/// does not grow page by page; but not by more than 1 MiB that nobody asked for, as a host may have a limit.
fn pages(layout: Layout) -> usize {
    /// What the allocator itself takes of a piece that it is given.
    const OVERHEAD_BYTES: usize = 4 * CHUNK_UNIT;
    const SHARE: usize = 16;
    const MOST_AHEAD: usize = 16;
    let bytes = layout.size() + layout.align() + OVERHEAD_BYTES;
    bytes
        .div_ceil(PAGE_BYTES)
        .max((memory_size::<0>() / SHARE).min(MOST_AHEAD))
}

//! Looking at a flag in every turn of every loop.
//!
//! At its [places](super::places) a guest loads a word from a memory that only the host writes to, and traps
//! if it is not zero. To stop a guest the host writes to all of these words.
//!
//! Each place of a function has a word of its own. With one word for all, the compiler would be right to load
//! it once and to reuse what it found: nothing in the guest writes to that memory. For the same
//! reason functions must not be inlined into each other by the compiler: their words are the same.

use wasm_encoder::{BlockType, InstructionSink, MemArg, MemoryType};

use crate::sandbox::rewrite::edits::{Change, Edit};

/// The index of the memory with the words. The guest's own is the first.
pub(super) const MEMORY: u32 = 1;

const WORD_BYTES: u64 = 4;

/// The places in the functions that are added to a module.
const ADDED_PLACES: usize = 2;

/// How a module polls.
pub(super) struct Polls {
    /// The most places that a function has.
    most: usize,
    /// How often the present function has polled so far.
    polled: u64,
}

impl Polls {
    /// Of a module with these functions.
    pub(super) fn new(functions: &[Vec<Edit>]) -> Self {
        let is_poll = |edit: &&Edit| matches!(edit.change, Change::Poll);
        let places = |edits: &Vec<Edit>| edits.iter().filter(is_poll).count();
        let most = functions.iter().map(places).max();
        Self {
            most: most.unwrap_or(0).max(ADDED_PLACES),
            polled: 0,
        }
    }

    /// Returns the memory with the words. Its size is not a multiple of a page's: a whole one would take
    /// longer to give back.
    pub(super) fn memory(&self) -> MemoryType {
        let bytes = self.most as u64 * WORD_BYTES;
        MemoryType {
            minimum: bytes,
            maximum: Some(bytes),
            memory64: false,
            shared: false,
            page_size_log2: Some(0),
        }
    }

    /// Begins another function.
    pub(super) fn begin(&mut self) {
        self.polled = 0;
    }

    /// Polls.
    pub(super) fn poll(&mut self, code: &mut InstructionSink<'_>) {
        debug_assert!(self.polled < self.most as u64, "all places were counted");
        let word = MemArg {
            offset: self.polled * WORD_BYTES,
            align: WORD_BYTES.ilog2(),
            memory_index: MEMORY,
        };
        self.polled += 1;
        code.i32_const(0)
            .i32_load(word)
            .if_(BlockType::Empty)
            .unreachable()
            .end();
    }
}

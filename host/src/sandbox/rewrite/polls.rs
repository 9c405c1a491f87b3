//! Looking at a flag in every turn of every loop.
//!
//! At its [`places`] a guest loads a word from a memory that only the host writes to, and traps if it is not
//! zero. To stop a guest the host writes to all of these words.
//!
//! Each place of a function has a word of its own. With one word for all, the compiler would be right to load
//! it once and to reuse what it found: nothing in the guest writes to that memory. For the same
//! reason functions must not be inlined into each other by the compiler: their words are the same.

use std::vec;

use wasm_encoder::{BlockType, Function, Instruction, MemArg, MemoryType};
use wasmparser::{Parser, Payload};

use crate::sandbox::rewrite::{Result, places};

/// The index of the memory with the words. The guest's own is the first.
pub(super) const MEMORY: u32 = 1;

const WORD_BYTES: u64 = 4;

/// The places in the functions that are added to a module.
const ADDED_PLACES: usize = 2;

/// Where a module polls.
pub(super) struct Polls {
    /// The places of the functions that were not begun yet.
    functions: vec::IntoIter<Vec<usize>>,
    /// The most that a function has.
    most: usize,
    /// Those of the present function that are still to come.
    places: vec::IntoIter<usize>,
    /// How often the present function has polled so far.
    polled: u64,
}

impl Polls {
    /// Finds the places of a module.
    pub(super) fn of(wasm: &[u8]) -> Result<Self> {
        let mut functions = Vec::new();
        for payload in Parser::new(0).parse_all(wasm) {
            if let Payload::CodeSectionEntry(body) = payload? {
                functions.push(places::of(&body)?);
            }
        }
        let most = functions.iter().map(Vec::len).max();
        Ok(Self {
            functions: functions.into_iter(),
            most: most.unwrap_or(0).max(ADDED_PLACES),
            places: Vec::new().into_iter(),
            polled: 0,
        })
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

    /// Begins the module's next function, or one that is added, which has no places that are known.
    pub(super) fn begin(&mut self) {
        self.places = self.functions.next().unwrap_or_default().into_iter();
        self.polled = 0;
    }

    /// Polls, if the instruction of this number is one before which the function does.
    pub(super) fn poll_before(&mut self, instruction: usize, function: &mut Function) {
        if self.places.as_slice().first() == Some(&instruction) {
            self.places.next();
            self.poll(function);
        }
    }

    /// Polls.
    pub(super) fn poll(&mut self, function: &mut Function) {
        debug_assert!(self.polled < self.most as u64, "all places were counted");
        let word = MemArg {
            offset: self.polled * WORD_BYTES,
            align: WORD_BYTES.ilog2(),
            memory_index: MEMORY,
        };
        self.polled += 1;
        function
            .instruction(&Instruction::I32Const(0))
            .instruction(&Instruction::I32Load(word))
            .instruction(&Instruction::If(BlockType::Empty))
            .instruction(&Instruction::Unreachable)
            .instruction(&Instruction::End);
    }
}

//! Looking at a flag in every turn of every loop.
//!
//! At each loop's head, and where a function begins that calls others, a guest loads a word from a memory
//! that only the host writes to, and traps if it is not zero. To stop a guest the host writes to all of
//! these words.
//!
//! Each place of a function has a word of its own. With one word for all, the compiler would be right to load
//! it once and to reuse what it found: nothing in the guest writes to that memory. For the same
//! reason functions must not be inlined into each other by the compiler: their words are the same.

use wasm_encoder::{BlockType, Function, Instruction, MemArg, MemoryType};
use wasmparser::{FunctionBody, Operator, Parser, Payload};

use crate::sandbox::rewrite::Result;

/// The index of the memory with the words. The guest's own is the first.
pub(super) const MEMORY: u32 = 1;

const WORD_BYTES: u64 = 4;

/// The places in the functions that are added to a module.
const ADDED_PLACES: u64 = 2;

/// Where a module polls.
pub(super) struct Polls {
    /// The most that a function has.
    places: u64,
    /// Those of the present function so far.
    place: u64,
}

impl Polls {
    /// Counts the places of a module.
    pub(super) fn of(wasm: &[u8]) -> Result<Self> {
        let mut places = ADDED_PLACES;
        for payload in Parser::new(0).parse_all(wasm) {
            if let Payload::CodeSectionEntry(body) = payload? {
                places = places.max(Places::of(&body)?.number());
            }
        }
        Ok(Self { places, place: 0 })
    }

    /// Returns the memory with the words. Its size is not a multiple of a page's: a whole one would take
    /// longer to give back.
    pub(super) fn memory(&self) -> MemoryType {
        let bytes = self.places * WORD_BYTES;
        MemoryType {
            minimum: bytes,
            maximum: Some(bytes),
            memory64: false,
            shared: false,
            page_size_log2: Some(0),
        }
    }

    /// Begins a function, with a poll if it needs one: calls can go on for ever, or as good as that, without a
    /// loop.
    pub(super) fn enter(&mut self, function: &mut Function, body: &FunctionBody<'_>) -> Result<()> {
        self.begin();
        if Places::of(body)?.calls {
            self.poll(function);
        }
        Ok(())
    }

    /// Begins a function that calls no others.
    pub(super) fn begin(&mut self) {
        self.place = 0;
    }

    /// Polls.
    pub(super) fn poll(&mut self, function: &mut Function) {
        debug_assert!(self.place < self.places, "all places were counted");
        let word = MemArg {
            offset: self.place * WORD_BYTES,
            align: WORD_BYTES.ilog2(),
            memory_index: MEMORY,
        };
        self.place += 1;
        function
            .instruction(&Instruction::I32Const(0))
            .instruction(&Instruction::I32Load(word))
            .instruction(&Instruction::If(BlockType::Empty))
            .instruction(&Instruction::Unreachable)
            .instruction(&Instruction::End);
    }
}

/// Where a function has to poll.
struct Places {
    loops: u64,
    calls: bool,
}

impl Places {
    fn of(body: &FunctionBody<'_>) -> Result<Self> {
        let mut places = Self {
            loops: 0,
            calls: false,
        };
        for operator in body.get_operators_reader()? {
            match operator? {
                Operator::Loop { .. } => places.loops += 1,
                // These two may become calls, of functions that call none.
                Operator::MemoryFill { .. } | Operator::MemoryCopy { .. } => {}
                Operator::Call { .. }
                | Operator::CallIndirect { .. }
                | Operator::CallRef { .. }
                | Operator::ReturnCall { .. }
                | Operator::ReturnCallIndirect { .. }
                | Operator::ReturnCallRef { .. } => places.calls = true,
                _ => {}
            }
        }
        Ok(places)
    }

    fn number(&self) -> u64 {
        self.loops + u64::from(self.calls)
    }
}

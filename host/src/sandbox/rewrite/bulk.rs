//! Filling and copying memory piece by piece.
//!
//! To the engine each of these is one instruction, which nothing interrupts: on fresh memory 256 MiB take
//! a tenth of a second. So before a module is compiled, instructions whose length is not known to be
//! small become calls of two functions that are appended to it. They do the same in pieces, in a loop
//! in which the guest can be stopped. What is observed is the same, too: all of the range is checked
//! before anything is written.

use wasm_encoder::{BlockType, Function, Instruction, MemArg};
use wasmparser::Operator;

use crate::sandbox::rewrite::polls::Polls;

/// How much is done at once: about half a millisecond's work on memory that was not touched before.
const PIECE_BYTES: i32 = 1 << 20;

/// Where the two functions are.
pub(super) struct Bulk {
    /// The type of both.
    pub(super) ty: u32,
    /// The function that fills; the one that copies is the next.
    pub(super) fill: u32,
}

impl Bulk {
    /// Of a module with so many imported functions, whose own are not counted yet.
    pub(super) fn new(imported_functions: usize) -> Self {
        Self {
            ty: 0,
            fill: u32::try_from(imported_functions).unwrap_or(u32::MAX),
        }
    }

    /// Returns the function that stands for the instruction.
    pub(super) fn function(&self, whole: Whole) -> u32 {
        match whole {
            Whole::Fill => self.fill,
            Whole::Copy => self.fill + 1,
        }
    }
}

/// An instruction that is not to be done as a whole.
#[derive(Clone, Copy)]
pub(super) enum Whole {
    Fill,
    Copy,
}

/// The constant that the last instruction was, if it was one.
#[derive(Default)]
pub(super) struct Constant(Option<i32>);

impl Constant {
    /// Goes past the next instruction. Returns what it is, if it is not to be done as a whole.
    pub(super) fn pass(&mut self, operator: &Operator<'_>) -> Option<Whole> {
        let is_small = |length: i32| (0..=PIECE_BYTES).contains(&length);
        let last = self.0.take();
        match operator {
            Operator::I32Const { value } => self.0 = Some(*value),
            _ if last.is_some_and(is_small) => {}
            Operator::MemoryFill { .. } => return Some(Whole::Fill),
            Operator::MemoryCopy { .. } => return Some(Whole::Copy),
            _ => {}
        }
        None
    }
}

/// The first parameter of both functions: where to write. The second is what to write, or where to read.
const TO: u32 = 0;
const FROM: u32 = 1;
const LENGTH: u32 = 2;

const FILL: Instruction<'_> = Instruction::MemoryFill(0);
const COPY: Instruction<'_> = Instruction::MemoryCopy {
    src_mem: 0,
    dst_mem: 0,
};

pub(super) fn fill(polls: &mut Option<Polls>) -> Function {
    let mut body = begin(polls);
    at_once_if_small(&mut body, &FILL);
    at_once_if_outside(&mut body, &FILL, &[TO]);
    forwards(&mut body, polls, &FILL, &[TO]);
    body.instruction(&Instruction::End);
    body
}

pub(super) fn copy(polls: &mut Option<Polls>) -> Function {
    let mut body = begin(polls);
    by_hand_if_tiny(&mut body);
    at_once_if_small(&mut body, &COPY);
    at_once_if_outside(&mut body, &COPY, &[TO, FROM]);
    // What is read may be what is written: the end that could be overwritten goes first.
    body.instruction(&Instruction::LocalGet(TO))
        .instruction(&Instruction::LocalGet(FROM))
        .instruction(&Instruction::I32LeU)
        .instruction(&Instruction::If(BlockType::Empty));
    forwards(&mut body, polls, &COPY, &[TO, FROM]);
    body.instruction(&Instruction::Else);
    backwards(&mut body, polls);
    body.instruction(&Instruction::End)
        .instruction(&Instruction::End);
    body
}

fn begin(polls: &mut Option<Polls>) -> Function {
    if let Some(polls) = polls {
        polls.begin();
    }
    Function::new([])
}

fn begin_loop(body: &mut Function, polls: &mut Option<Polls>) {
    body.instruction(&Instruction::Loop(BlockType::Empty));
    if let Some(polls) = polls {
        polls.poll(&mut body.instructions());
    }
}

/// Copies less than 32 bytes by two loads and two stores, which may overlap: the engine's instruction is a call
/// out of the sandbox, for however few.
fn by_hand_if_tiny(body: &mut Function) {
    body.instruction(&Instruction::LocalGet(LENGTH))
        .instruction(&Instruction::I32Const(2 * Width::V128.bytes()))
        .instruction(&Instruction::I32LtU)
        .instruction(&Instruction::If(BlockType::Empty));
    for width in Width::ALL {
        body.instruction(&Instruction::LocalGet(LENGTH))
            .instruction(&Instruction::I32Const(width.bytes()))
            .instruction(&Instruction::I32GeU)
            .instruction(&Instruction::If(BlockType::Empty));
        // A place that is outside of the memory traps here, before anything is written. The ends are less than
        // a width further, so that adding them up cannot come round to 0 where the beginning is inside.
        body.instruction(&Instruction::LocalGet(TO))
            .instruction(&width.load())
            .instruction(&Instruction::Drop);
        body.instruction(&Instruction::LocalGet(TO))
            .instruction(&Instruction::LocalGet(FROM))
            .instruction(&width.load());
        last(body, TO, width.bytes());
        last(body, FROM, width.bytes());
        body.instruction(&width.load())
            .instruction(&width.store())
            .instruction(&width.store())
            .instruction(&Instruction::Return)
            .instruction(&Instruction::End);
    }
    body.instruction(&Instruction::End);
}

/// The address of the last so many bytes.
fn last(body: &mut Function, place: u32, bytes: i32) {
    body.instruction(&Instruction::LocalGet(place))
        .instruction(&Instruction::LocalGet(LENGTH))
        .instruction(&Instruction::I32Add)
        .instruction(&Instruction::I32Const(bytes))
        .instruction(&Instruction::I32Sub);
}

/// How much a load or a store moves.
#[derive(Clone, Copy)]
enum Width {
    I8,
    I16,
    I32,
    I64,
    V128,
}

impl Width {
    /// The widest first.
    const ALL: [Self; 5] = [Self::V128, Self::I64, Self::I32, Self::I16, Self::I8];

    fn bytes(self) -> i32 {
        1 << self as i32
    }

    fn load(self) -> Instruction<'static> {
        match self {
            Self::I8 => Instruction::I32Load8U(ANYWHERE),
            Self::I16 => Instruction::I32Load16U(ANYWHERE),
            Self::I32 => Instruction::I32Load(ANYWHERE),
            Self::I64 => Instruction::I64Load(ANYWHERE),
            Self::V128 => Instruction::V128Load(ANYWHERE),
        }
    }

    fn store(self) -> Instruction<'static> {
        match self {
            Self::I8 => Instruction::I32Store8(ANYWHERE),
            Self::I16 => Instruction::I32Store16(ANYWHERE),
            Self::I32 => Instruction::I32Store(ANYWHERE),
            Self::I64 => Instruction::I64Store(ANYWHERE),
            Self::V128 => Instruction::V128Store(ANYWHERE),
        }
    }
}

/// An address in the guest's memory that need not be a multiple of anything.
const ANYWHERE: MemArg = MemArg {
    offset: 0,
    align: 0,
    memory_index: 0,
};

/// Does it all and returns, where it is one piece.
fn at_once_if_small(body: &mut Function, bulk: &Instruction<'_>) {
    body.instruction(&Instruction::LocalGet(LENGTH))
        .instruction(&Instruction::I32Const(PIECE_BYTES))
        .instruction(&Instruction::I32LeU);
    at_once_if(body, bulk);
}

/// Does it all, which traps, where an end is past that of the memory.
fn at_once_if_outside(body: &mut Function, bulk: &Instruction<'_>, places: &[u32]) {
    body.instruction(&Instruction::I32Const(0));
    for &place in places {
        const PAGE_BITS: i64 = 16;
        body.instruction(&Instruction::LocalGet(place))
            .instruction(&Instruction::I64ExtendI32U)
            .instruction(&Instruction::LocalGet(LENGTH))
            .instruction(&Instruction::I64ExtendI32U)
            .instruction(&Instruction::I64Add)
            .instruction(&Instruction::MemorySize(0))
            .instruction(&Instruction::I64ExtendI32U)
            .instruction(&Instruction::I64Const(PAGE_BITS))
            .instruction(&Instruction::I64Shl)
            .instruction(&Instruction::I64GtU)
            .instruction(&Instruction::I32Or);
    }
    at_once_if(body, bulk);
}

fn at_once_if(body: &mut Function, bulk: &Instruction<'_>) {
    body.instruction(&Instruction::If(BlockType::Empty));
    do_all(body, bulk);
    body.instruction(&Instruction::Return)
        .instruction(&Instruction::End);
}

fn do_all(body: &mut Function, bulk: &Instruction<'_>) {
    body.instruction(&Instruction::LocalGet(TO))
        .instruction(&Instruction::LocalGet(FROM))
        .instruction(&Instruction::LocalGet(LENGTH))
        .instruction(bulk);
}

/// A piece from the front, until the last, which may be smaller.
fn forwards(
    body: &mut Function,
    polls: &mut Option<Polls>,
    bulk: &Instruction<'_>,
    places: &[u32],
) {
    begin_loop(body, polls);
    body.instruction(&Instruction::LocalGet(TO))
        .instruction(&Instruction::LocalGet(FROM))
        .instruction(&Instruction::I32Const(PIECE_BYTES))
        .instruction(bulk);
    for &place in places {
        body.instruction(&Instruction::LocalGet(place))
            .instruction(&Instruction::I32Const(PIECE_BYTES))
            .instruction(&Instruction::I32Add)
            .instruction(&Instruction::LocalSet(place));
    }
    take_a_piece_off(body);
    do_all(body, bulk);
}

/// A piece from the end, until the last, which may be smaller.
fn backwards(body: &mut Function, polls: &mut Option<Polls>) {
    begin_loop(body, polls);
    last(body, TO, PIECE_BYTES);
    last(body, FROM, PIECE_BYTES);
    body.instruction(&Instruction::I32Const(PIECE_BYTES))
        .instruction(&COPY);
    take_a_piece_off(body);
    do_all(body, &COPY);
}

/// Makes the length a piece shorter, and goes on with the loop while it is more than one still.
fn take_a_piece_off(body: &mut Function) {
    body.instruction(&Instruction::LocalGet(LENGTH))
        .instruction(&Instruction::I32Const(PIECE_BYTES))
        .instruction(&Instruction::I32Sub)
        .instruction(&Instruction::LocalTee(LENGTH))
        .instruction(&Instruction::I32Const(PIECE_BYTES))
        .instruction(&Instruction::I32GtU)
        .instruction(&Instruction::BrIf(0))
        .instruction(&Instruction::End);
}

//! Filling and copying memory piece by piece.
//!
//! To the engine each of these is one instruction, which nothing interrupts: on fresh memory 256 MiB take
//! a tenth of a second. So before a module is compiled, instructions whose length is not known to be
//! small become calls of two functions that are appended to it. They do the same in pieces, in a loop
//! in which the guest can be stopped. What is observed is the same, too: all of the range is checked
//! before anything is written.

use std::convert::Infallible;

use wasm_encoder::reencode::{self, Reencode};
use wasm_encoder::{
    BlockType, CodeSection, Function, FunctionSection, Instruction, Module, TypeSection, ValType,
};
use wasmparser::{CodeSectionReader, FunctionSectionReader, Operator, Parser, TypeSectionReader};

/// How much is done at once: about half a millisecond's work on memory that was not touched before.
const PIECE_BYTES: i32 = 1 << 20;

type Result<T> = std::result::Result<T, reencode::Error<Infallible>>;

/// Returns the module with its bulk instructions made interruptible. It was validated.
pub(super) fn split(wasm: &[u8], imported_functions: usize) -> Result<Vec<u8>> {
    let mut module = Module::new();
    let mut splitter = Splitter {
        ty: 0,
        fill: u32::try_from(imported_functions).unwrap_or(u32::MAX),
        last: None,
    };
    splitter.parse_core_module(&mut module, Parser::new(0), wasm)?;
    Ok(module.finish())
}

struct Splitter {
    /// The type of both functions.
    ty: u32,
    /// The function that fills; the one that copies is the next.
    fill: u32,
    /// The constant that the last instruction was.
    last: Option<i32>,
}

impl Splitter {
    fn copy(&self) -> u32 {
        self.fill + 1
    }
}

impl Reencode for Splitter {
    type Error = Infallible;

    fn parse_type_section(
        &mut self,
        types: &mut TypeSection,
        section: TypeSectionReader<'_>,
    ) -> Result<()> {
        self.ty = section.count();
        reencode::utils::parse_type_section(self, types, section)?;
        types.ty().function([ValType::I32; 3], []);
        Ok(())
    }

    fn parse_function_section(
        &mut self,
        functions: &mut FunctionSection,
        section: FunctionSectionReader<'_>,
    ) -> Result<()> {
        self.fill += section.count();
        reencode::utils::parse_function_section(self, functions, section)?;
        functions.function(self.ty).function(self.ty);
        Ok(())
    }

    fn parse_code_section(
        &mut self,
        code: &mut CodeSection,
        section: CodeSectionReader<'_>,
    ) -> Result<()> {
        reencode::utils::parse_code_section(self, code, section)?;
        code.function(&fill()).function(&copy());
        Ok(())
    }

    fn instruction<'a>(&mut self, operator: Operator<'a>) -> Result<Instruction<'a>> {
        let is_small = self
            .last
            .is_some_and(|length| (0..=PIECE_BYTES).contains(&length));
        self.last = match operator {
            Operator::I32Const { value } => Some(value),
            _ => None,
        };
        match operator {
            Operator::MemoryFill { .. } if !is_small => Ok(Instruction::Call(self.fill)),
            Operator::MemoryCopy { .. } if !is_small => Ok(Instruction::Call(self.copy())),
            operator => reencode::utils::instruction(self, operator),
        }
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

fn fill() -> Function {
    let mut body = Function::new([]);
    at_once_if_small(&mut body, &FILL, &[TO]);
    forwards(&mut body, &FILL, &[TO]);
    body.instruction(&Instruction::End);
    body
}

fn copy() -> Function {
    let mut body = Function::new([]);
    at_once_if_small(&mut body, &COPY, &[TO, FROM]);
    // What is read may be what is written: the end that could be overwritten goes first.
    body.instruction(&Instruction::LocalGet(TO))
        .instruction(&Instruction::LocalGet(FROM))
        .instruction(&Instruction::I32LeU)
        .instruction(&Instruction::If(BlockType::Empty));
    forwards(&mut body, &COPY, &[TO, FROM]);
    body.instruction(&Instruction::Else);
    backwards(&mut body);
    body.instruction(&Instruction::End)
        .instruction(&Instruction::End);
    body
}

/// Does it all and returns, where it is one piece, and where an end is past that of the memory, which traps.
fn at_once_if_small(body: &mut Function, bulk: &Instruction<'_>, places: &[u32]) {
    body.instruction(&Instruction::LocalGet(LENGTH))
        .instruction(&Instruction::I32Const(PIECE_BYTES))
        .instruction(&Instruction::I32LeU);
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
fn forwards(body: &mut Function, bulk: &Instruction<'_>, places: &[u32]) {
    body.instruction(&Instruction::Loop(BlockType::Empty))
        .instruction(&Instruction::LocalGet(TO))
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
fn backwards(body: &mut Function) {
    let end = |body: &mut Function, place| {
        body.instruction(&Instruction::LocalGet(place))
            .instruction(&Instruction::LocalGet(LENGTH))
            .instruction(&Instruction::I32Add)
            .instruction(&Instruction::I32Const(PIECE_BYTES))
            .instruction(&Instruction::I32Sub);
    };
    body.instruction(&Instruction::Loop(BlockType::Empty));
    end(body, TO);
    end(body, FROM);
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

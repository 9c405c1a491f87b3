//! A module of made-up functions that keeps to the task ABI.

use std::convert::Infallible;

use arbitrary::Unstructured;
use sandpool_abi::schema::Schema;
use sandpool_abi::{ALLOC_EXPORT, RECORDS_SECTION, Record, TASK_EXPORT_PREFIX};
use wasm_encoder::reencode::{self, Reencode};
use wasm_encoder::{BlockType, CodeSection, CustomSection, Function, Instruction, Module, ValType};
use wasm_smith::Config;
use wasmparser::{FunctionBody, Parser, Payload};

/// The name of the only task.
pub(super) const NAME: &str = "made_up";

const RECORD: Record = Record {
    name: NAME,
    doc: "",
    parameters: &[("bytes", <&[u8]>::TYPE)],
    output: <Vec<u8>>::TYPE,
    scalar: false,
};
const RECORD_BYTES: [u8; RECORD.len_bytes()] = RECORD.to_bytes();

/// Where an honest guest wants its arguments.
const ARGUMENTS_AT: i32 = 1024;

/// Two bytes at address 16.
const ANSWER: i64 = 2 << 32 | 16;

/// A module with the exports that the made-up one is to have.
fn exports(input: &mut Unstructured<'_>) -> arbitrary::Result<Vec<u8>> {
    // The last has a page more than the limit of the tasks.
    let pages = input.int_in_range(1..=17)?;
    let most = match input.arbitrary()? {
        true => (pages + input.int_in_range(0..=4)?).to_string(),
        false => String::new(),
    };
    let text = format!(
        r#"(module
            (memory (export "memory") {pages} {most})
            (global (export "SANDPOOL_PANIC") i32 (i32.const 0))
            (func (export "sandpool_alloc") (param i32) (result i32) unreachable)
            (func (export "sandpool.task.made_up") (param i32 i32 i32) (result i64) unreachable))"#
    );
    Ok(wat::parse_str(text).expect("it is well-formed"))
}

/// Returns a module made of the input: valid, without imports and start function, with only what
/// guests may use, and with a record of its task.
pub(super) fn guest(input: &mut Unstructured<'_>) -> arbitrary::Result<Vec<u8>> {
    let honest = (input.ratio(7, 8)?, input.ratio(1, 4)?);
    let made_up = wasm_smith::Module::new(config(input)?, input)?.to_bytes();
    let exported = |name: &str| function(&made_up, name);
    let mut graft = Graft {
        next: 0,
        alloc: honest.0.then(|| exported(ALLOC_EXPORT)),
        task: honest
            .1
            .then(|| exported(&format!("{TASK_EXPORT_PREFIX}{NAME}"))),
    };
    let mut module = Module::new();
    graft
        .parse_core_module(&mut module, Parser::new(0), &made_up)
        .expect("the module is valid");
    module.section(&CustomSection {
        name: RECORDS_SECTION.into(),
        data: (&RECORD_BYTES[..]).into(),
    });
    Ok(module.finish())
}

fn config(input: &mut Unstructured<'_>) -> arbitrary::Result<Config> {
    Ok(Config {
        exports: Some(exports(input)?),
        allow_start_export: false,
        max_imports: 0,
        max_funcs: 20,
        max_instructions: input.int_in_range(10..=400)?,
        // Beside the one that is exported.
        max_memories: 0,
        max_tables: input.int_in_range(0..=3)?,
        // More than the limit of the tasks.
        max_table_elements: 1100,
        disallow_traps: input.arbitrary()?,
        // With them come external references, which guests may not use.
        reference_types_enabled: input.ratio(1, 4)?,
        simd_enabled: input.arbitrary()?,
        memory64_enabled: false,
        threads_enabled: false,
        tail_call_enabled: false,
        relaxed_simd_enabled: false,
        exceptions_enabled: false,
        gc_enabled: false,
        wide_arithmetic_enabled: false,
        ..Config::default()
    })
}

/// The index of the exported function.
fn function(wasm: &[u8], name: &str) -> u32 {
    let exports = Parser::new(0).parse_all(wasm).find_map(|payload| {
        match payload.expect("the module is valid") {
            Payload::ExportSection(exports) => Some(exports),
            _ => None,
        }
    });
    let mut exports = exports.expect("the module has exports").into_iter();
    let found = exports.find_map(|export| {
        let export = export.expect("the module is valid");
        (export.name == name).then_some(export.index)
    });
    found.expect("the module was asked to have it")
}

/// Has functions answer as an honest guest would, some of the time: others are hardly ever called twice.
struct Graft {
    /// The function whose body comes next; none is imported.
    next: u32,
    /// The function that reserves memory, which then does nothing else.
    alloc: Option<u32>,
    /// The task, which then does what it would, and answers with an empty result, or what is in its place.
    task: Option<u32>,
}

type Result<T> = std::result::Result<T, reencode::Error<Infallible>>;

impl Reencode for Graft {
    type Error = Infallible;

    fn parse_function_body(
        &mut self,
        code: &mut CodeSection,
        body: FunctionBody<'_>,
    ) -> Result<()> {
        let index = self.next;
        self.next += 1;
        if self.alloc == Some(index) {
            let mut honest = Function::new([]);
            honest
                .instruction(&Instruction::I32Const(ARGUMENTS_AT))
                .instruction(&Instruction::End);
            code.function(&honest);
            return Ok(());
        }
        if self.task != Some(index) {
            return reencode::utils::parse_function_body(self, code, body);
        }
        let mut honest = self.new_function_with_parsed_locals(&body)?;
        honest.instruction(&Instruction::Block(BlockType::Result(ValType::I64)));
        let mut operators = body.get_operators_reader()?;
        // The last of them is the end of the body, and becomes that of the block.
        while !operators.eof() {
            honest.instruction(&self.parse_instruction(&mut operators)?);
        }
        honest
            .instruction(&Instruction::Drop)
            .instruction(&Instruction::I64Const(ANSWER))
            .instruction(&Instruction::End);
        code.function(&honest);
        Ok(())
    }
}

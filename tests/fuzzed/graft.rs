//! Adds to a module what makes it one with a task.

use sandpool::Task;
use wasm_encoder::reencode::{Error, Reencode, utils};
use wasm_encoder::{
    CodeSection, ConstExpr, CustomSection, ExportKind, ExportSection, Function, FunctionSection,
    GlobalSection, GlobalType, Instruction, Module, TypeSection, ValType,
};
use wasmparser::{
    CodeSectionReader, CompositeInnerType, ExportSectionReader, FunctionSectionReader,
    GlobalSectionReader, Parser, TypeSectionReader,
};

const RECORD: sandpool_abi::Record = <fault_tasks::echo_bytes as Task>::RECORD;
const RECORD_BYTES: [u8; RECORD.len_bytes()] = RECORD.to_bytes();

/// Returns the module with the exports of a task, which calls the functions of the module. `None` where it
/// has no functions or no memory.
pub(super) fn graft(wasm: &[u8]) -> Option<Vec<u8>> {
    let mut grafting = Grafting::default();
    let mut module = Module::new();
    grafting
        .parse_core_module(&mut module, Parser::new(0), wasm)
        .ok()?;
    module.section(&CustomSection {
        name: sandpool_abi::RECORDS_SECTION.into(),
        data: (&RECORD_BYTES).into(),
    });
    Some(module.finish())
}

/// Indices of what is added.
#[derive(Default)]
struct Grafting {
    /// The parameters and the number of results of every type.
    types: Vec<(Vec<wasmparser::ValType>, usize)>,
    /// The type of every function.
    functions: Vec<u32>,
    globals: u32,
}

type Result<T> = std::result::Result<T, Error<std::convert::Infallible>>;

impl Reencode for Grafting {
    type Error = std::convert::Infallible;

    fn parse_type_section(
        &mut self,
        types: &mut TypeSection,
        section: TypeSectionReader<'_>,
    ) -> Result<()> {
        for group in section.clone() {
            for ty in group?.into_types() {
                self.types.push(match ty.composite_type.inner {
                    CompositeInnerType::Func(function) => {
                        (function.params().to_vec(), function.results().len())
                    }
                    _ => (Vec::new(), 0),
                });
            }
        }
        utils::parse_type_section(self, types, section)?;
        types.ty().function([ValType::I32], [ValType::I32]);
        types.ty().function([ValType::I32; 3], [ValType::I64]);
        Ok(())
    }

    fn parse_function_section(
        &mut self,
        functions: &mut FunctionSection,
        section: FunctionSectionReader<'_>,
    ) -> Result<()> {
        for ty in section.clone() {
            self.functions.push(ty?);
        }
        utils::parse_function_section(self, functions, section)?;
        let alloc = self.types.len() as u32;
        functions.function(alloc).function(alloc + 1);
        Ok(())
    }

    fn parse_global_section(
        &mut self,
        globals: &mut GlobalSection,
        section: GlobalSectionReader<'_>,
    ) -> Result<()> {
        self.globals = section.count();
        utils::parse_global_section(self, globals, section)?;
        let panic_report = GlobalType {
            val_type: ValType::I32,
            mutable: false,
            shared: false,
        };
        globals.global(panic_report, &ConstExpr::i32_const(4096));
        Ok(())
    }

    fn parse_export_section(
        &mut self,
        exports: &mut ExportSection,
        section: ExportSectionReader<'_>,
    ) -> Result<()> {
        utils::parse_export_section(self, exports, section)?;
        let alloc = self.functions.len() as u32;
        let task = format!("{}{}", sandpool_abi::TASK_EXPORT_PREFIX, RECORD.name);
        exports
            .export(sandpool_abi::MEMORY_EXPORT, ExportKind::Memory, 0)
            .export(sandpool_abi::PANIC_EXPORT, ExportKind::Global, self.globals)
            .export(sandpool_abi::ALLOC_EXPORT, ExportKind::Func, alloc)
            .export(&task, ExportKind::Func, alloc + 1);
        Ok(())
    }

    fn parse_code_section(
        &mut self,
        code: &mut CodeSection,
        section: CodeSectionReader<'_>,
    ) -> Result<()> {
        utils::parse_code_section(self, code, section)?;
        let mut alloc = Function::new([]);
        alloc
            .instruction(&Instruction::I32Const(1024))
            .instruction(&Instruction::End);
        code.function(&alloc).function(&self.task());
        Ok(())
    }
}

impl Grafting {
    /// Calls functions of the module with zeros, and answers with what is at the beginning of the memory.
    fn task(&self) -> Function {
        const MOST_CALLS: usize = 8;
        const ANSWER: i64 = 0x10 << 32;
        let mut task = Function::new([]);
        for (function, ty) in self.functions.iter().take(MOST_CALLS).enumerate() {
            let (parameters, results) = &self.types[*ty as usize];
            for parameter in parameters {
                task.instruction(&zero(*parameter));
            }
            task.instruction(&Instruction::Call(function as u32));
            for _ in 0..*results {
                task.instruction(&Instruction::Drop);
            }
        }
        task.instruction(&Instruction::I64Const(ANSWER))
            .instruction(&Instruction::End);
        task
    }
}

fn zero(ty: wasmparser::ValType) -> Instruction<'static> {
    match ty {
        wasmparser::ValType::I32 => Instruction::I32Const(0),
        wasmparser::ValType::I64 => Instruction::I64Const(0),
        wasmparser::ValType::F32 => Instruction::F32Const(0.0_f32.into()),
        wasmparser::ValType::F64 => Instruction::F64Const(0.0_f64.into()),
        wasmparser::ValType::V128 => Instruction::V128Const(0),
        wasmparser::ValType::Ref(_) => Instruction::RefNull(wasm_encoder::HeapType::FUNC),
    }
}

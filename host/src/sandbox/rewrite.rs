//! What is changed in a module before it is compiled: so that a guest can be stopped wherever it is.
//!
//! It was validated with one memory at most: it cannot name the second one that is added here, nor the
//! functions.

mod bulk;
mod polls;

use std::convert::Infallible;

use wasm_encoder::reencode::{self, Reencode};
use wasm_encoder::{
    CodeSection, ExportKind, ExportSection, FunctionSection, Instruction, MemorySection, Module,
    TypeSection, ValType,
};
use wasmparser::{
    CodeSectionReader, ExportSectionReader, FunctionBody, FunctionSectionReader,
    MemorySectionReader, Operator, OperatorsReader, Parser, TypeSectionReader,
};

use crate::sandbox::info::ModuleInfo;
use crate::sandbox::rewrite::bulk::Bulk;
use crate::sandbox::rewrite::polls::Polls;

type Result<T> = std::result::Result<T, reencode::Error<Infallible>>;

/// Returns the module with its bulk instructions made interruptible, and with polls if it is to have them.
pub(super) fn rewrite(wasm: &[u8], info: &ModuleInfo, with_polls: bool) -> Result<Vec<u8>> {
    let polls = match with_polls {
        true => Some(Polls::of(wasm)?),
        false => None,
    };
    let mut rewriter = Rewriter {
        bulk: Bulk::new(info.imported_functions()),
        flags: polls.is_some().then(|| flags_export(info)),
        polls,
    };
    let mut module = Module::new();
    rewriter.parse_core_module(&mut module, Parser::new(0), wasm)?;
    Ok(module.finish())
}

/// Returns the export of the memory with the flags that a module with polls looks at: no other has the name.
pub(super) fn flags_export(info: &ModuleInfo) -> String {
    let mut name = "sandpool:flags".to_owned();
    while info.has_export(&name) {
        name.push('\'');
    }
    name
}

struct Rewriter {
    bulk: Bulk,
    polls: Option<Polls>,
    flags: Option<String>,
}

impl Reencode for Rewriter {
    type Error = Infallible;

    fn parse_type_section(
        &mut self,
        types: &mut TypeSection,
        section: TypeSectionReader<'_>,
    ) -> Result<()> {
        self.bulk.ty = section.count();
        reencode::utils::parse_type_section(self, types, section)?;
        types.ty().function([ValType::I32; 3], []);
        Ok(())
    }

    fn parse_function_section(
        &mut self,
        functions: &mut FunctionSection,
        section: FunctionSectionReader<'_>,
    ) -> Result<()> {
        self.bulk.fill += section.count();
        reencode::utils::parse_function_section(self, functions, section)?;
        functions.function(self.bulk.ty).function(self.bulk.ty);
        Ok(())
    }

    fn parse_memory_section(
        &mut self,
        memories: &mut MemorySection,
        section: MemorySectionReader<'_>,
    ) -> Result<()> {
        reencode::utils::parse_memory_section(self, memories, section)?;
        if let Some(polls) = &self.polls {
            memories.memory(polls.memory());
        }
        Ok(())
    }

    fn parse_export_section(
        &mut self,
        exports: &mut ExportSection,
        section: ExportSectionReader<'_>,
    ) -> Result<()> {
        reencode::utils::parse_export_section(self, exports, section)?;
        if let Some(name) = &self.flags {
            exports.export(name, ExportKind::Memory, polls::MEMORY);
        }
        Ok(())
    }

    fn parse_code_section(
        &mut self,
        code: &mut CodeSection,
        section: CodeSectionReader<'_>,
    ) -> Result<()> {
        reencode::utils::parse_code_section(self, code, section)?;
        let polls = &mut self.polls;
        code.function(&bulk::fill(polls))
            .function(&bulk::copy(polls));
        Ok(())
    }

    fn parse_function_body(
        &mut self,
        code: &mut CodeSection,
        body: FunctionBody<'_>,
    ) -> Result<()> {
        let mut function = self.new_function_with_parsed_locals(&body)?;
        if let Some(polls) = &mut self.polls {
            polls.enter(&mut function, &body)?;
        }
        let mut operators = body.get_operators_reader()?;
        while !operators.eof() {
            let instruction = self.parse_instruction(&mut operators)?;
            function.instruction(&instruction);
            if let (Instruction::Loop(_), Some(polls)) = (&instruction, &mut self.polls) {
                polls.poll(&mut function);
            }
        }
        code.function(&function);
        Ok(())
    }

    fn parse_instruction<'a>(
        &mut self,
        operators: &mut OperatorsReader<'a>,
    ) -> Result<Instruction<'a>> {
        let operator: Operator<'a> = operators.read()?;
        match self.bulk.replace(&operator) {
            Some(call) => Ok(call),
            None => reencode::utils::instruction(self, operator),
        }
    }
}

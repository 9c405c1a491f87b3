//! What is changed in a module before it is compiled: so that a guest can be stopped wherever it is, and its
//! globals can be read.
//!
//! It was validated with one memory at most: it cannot name the second one that is added here, nor the
//! functions.

mod bulk;
mod edits;
mod places;
mod polls;

use std::convert::Infallible;
use std::vec;

use wasm_encoder::reencode::{self, Reencode};
use wasm_encoder::{
    CodeSection, ExportKind, ExportSection, FunctionSection, GlobalSection, InstructionSink,
    MemorySection, Module, TypeSection, ValType,
};
use wasmparser::{
    CodeSectionReader, ExportSectionReader, FunctionBody, FunctionSectionReader,
    GlobalSectionReader, MemorySectionReader, Parser, TypeSectionReader,
};

use crate::sandbox::info::ModuleInfo;
use crate::sandbox::rewrite::bulk::Bulk;
use crate::sandbox::rewrite::edits::{Change, Edit};
use crate::sandbox::rewrite::polls::Polls;

type Result<T> = std::result::Result<T, reencode::Error<Infallible>>;

/// Returns the module with its bulk instructions made interruptible, and with polls if it is to have them.
pub(super) fn rewrite(wasm: &[u8], info: &ModuleInfo, with_polls: bool) -> Result<Vec<u8>> {
    let functions = edits::of(wasm, with_polls)?;
    let mut rewriter = Rewriter {
        bulk: Bulk::new(info.imported_functions()),
        info,
        polls: with_polls.then(|| Polls::new(&functions)),
        functions: functions.into_iter(),
        globals: Vec::new(),
    };
    let mut module = Module::new();
    rewriter.parse_core_module(&mut module, Parser::new(0), wasm)?;
    Ok(module.finish())
}

/// Returns the export of the memory with the flags that a module with polls looks at.
pub(super) fn flags_export(info: &ModuleInfo) -> String {
    own_export(info, "sandpool:flags".to_owned())
}

/// Returns the export of a global that can change, where the module has not too many of them.
pub(super) fn global_export(info: &ModuleInfo, global: u32) -> String {
    own_export(info, format!("sandpool:global:{global}"))
}

/// Returns a name like this that the module does not export itself.
fn own_export(info: &ModuleInfo, mut name: String) -> String {
    while info.has_export(&name) {
        name.push('\'');
    }
    name
}

/// How many globals that can change are exported. Compilers make a handful.
const MOST_GLOBALS: usize = 1_000;

struct Rewriter<'a> {
    info: &'a ModuleInfo,
    bulk: Bulk,
    polls: Option<Polls>,
    /// What is changed in the functions that are still to come.
    functions: vec::IntoIter<Vec<Edit>>,
    /// The globals that can change.
    globals: Vec<u32>,
}

impl Reencode for Rewriter<'_> {
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

    fn parse_global_section(
        &mut self,
        globals: &mut GlobalSection,
        section: GlobalSectionReader<'_>,
    ) -> Result<()> {
        // None are imported: there is nobody to grant one.
        for (index, global) in (0..).zip(section.clone()) {
            if global?.ty.mutable {
                self.globals.push(index);
            }
        }
        reencode::utils::parse_global_section(self, globals, section)
    }

    fn parse_export_section(
        &mut self,
        exports: &mut ExportSection,
        section: ExportSectionReader<'_>,
    ) -> Result<()> {
        reencode::utils::parse_export_section(self, exports, section)?;
        if self.polls.is_some() {
            exports.export(&flags_export(self.info), ExportKind::Memory, polls::MEMORY);
        }
        if self.globals.len() <= MOST_GLOBALS {
            for global in &self.globals {
                let name = global_export(self.info, *global);
                exports.export(&name, ExportKind::Global, *global);
            }
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
        if let Some(polls) = &mut self.polls {
            polls.begin();
        }
        let (bytes, start) = (body.as_bytes(), body.range().start);
        let mut copied = 0;
        let mut function = Vec::new();
        for Edit { at, change } in self.functions.next().unwrap_or_default() {
            let at = at - start;
            function.extend_from_slice(&bytes[copied..at]);
            copied = at;
            let mut code = InstructionSink::new(&mut function);
            match change {
                Change::Poll => {
                    if let Some(polls) = &mut self.polls {
                        polls.poll(&mut code);
                    }
                }
                Change::Call { whole, end } => {
                    code.call(self.bulk.function(whole));
                    copied = end - start;
                }
            }
        }
        function.extend_from_slice(&bytes[copied..]);
        code.raw(&function);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use wasmparser::{Operator, Parser, Payload, Validator, WasmFeatures};

    use super::edits::{Change, Edit};
    use super::{edits, polls, rewrite};
    use crate::sandbox::features;
    use crate::sandbox::info::ModuleInfo;

    /// The bodies of a module's functions.
    fn bodies(wasm: &[u8]) -> Vec<Vec<Operator<'_>>> {
        let payloads = Parser::new(0).parse_all(wasm).map(Result::unwrap);
        let bodies = payloads.filter_map(|payload| match payload {
            Payload::CodeSectionEntry(body) => Some(body),
            _ => None,
        });
        let operators = bodies.map(|body| {
            let operators = body.get_operators_reader().unwrap();
            operators.into_iter().map(Result::unwrap).collect()
        });
        operators.collect()
    }

    /// What the compiler could merge, it would: then there would be loops that nothing stops.
    #[test]
    fn each_loop_of_a_function_polls_a_word_of_its_own() {
        let info = ModuleInfo::read(guest_tasks::MODULE).unwrap();
        let wasm = rewrite(guest_tasks::MODULE, &info, true).unwrap();
        let on = features::ON | WasmFeatures::MULTI_MEMORY | WasmFeatures::CUSTOM_PAGE_SIZES;
        Validator::new_with_features(on)
            .validate_all(&wasm)
            .unwrap();
        let (mut loops_of_all, mut most_words, mut polls_of_all) = (0, 0, Vec::new());
        for operators in bodies(&wasm) {
            let loops = operators
                .iter()
                .filter(|operator| matches!(operator, Operator::Loop { .. }))
                .count();
            let polled = operators
                .windows(4)
                .filter_map(|operators| match operators {
                    [
                        Operator::I32Const { value: 0 },
                        Operator::I32Load { memarg },
                        Operator::If { .. },
                        Operator::Unreachable,
                    ] if memarg.memory == polls::MEMORY => Some(memarg.offset),
                    _ => None,
                });
            let polled: Vec<u64> = polled.collect();
            let words: HashSet<u64> = polled.iter().copied().collect();
            assert_eq!(words.len(), polled.len(), "{polled:?}");
            assert!(polled.len() >= loops);
            polls_of_all.push(polled.len());
            for pair in operators.windows(2) {
                if let [Operator::Loop { .. }, next] = pair {
                    assert!(matches!(next, Operator::I32Const { value: 0 }), "{next:?}");
                }
            }
            loops_of_all += loops;
            most_words = most_words.max(words.len());
        }
        assert!(
            loops_of_all > 100 && most_words > 5,
            "{loops_of_all} {most_words}"
        );
        // And no place was missed: the two functions that were added have one loop and two.
        let functions = edits::of(guest_tasks::MODULE, true).unwrap();
        let polls = |edits: &Vec<Edit>| {
            let polls = edits
                .iter()
                .filter(|edit| matches!(edit.change, Change::Poll));
            polls.count()
        };
        let places = functions.iter().map(polls);
        assert_eq!(polls_of_all, places.chain([1, 2]).collect::<Vec<_>>());
    }

    #[test]
    fn without_polls_only_bulk_instructions_change() {
        let info = ModuleInfo::read(guest_tasks::MODULE).unwrap();
        let wasm = rewrite(guest_tasks::MODULE, &info, false).unwrap();
        Validator::new_with_features(features::ON)
            .validate_all(&wasm)
            .unwrap();
        let (before, after) = (bodies(guest_tasks::MODULE), bodies(&wasm));
        assert_eq!(after.len(), before.len() + 2);
        for (before, after) in before.iter().zip(&after) {
            assert_eq!(before.len(), after.len());
        }
    }
}

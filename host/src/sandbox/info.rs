//! What a module says of itself, read without compiling or running it.

mod parts;

use std::collections::HashSet;

use sandpool_abi::{
    ALLOC_EXPORT, MEMORY_EXPORT, OwnedRecord, PANIC_EXPORT, Parameter, RECORDS_SECTION,
    RecordError, SCALAR_EXPORT_PREFIX, TASK_EXPORT_PREFIX, read_records,
};
use wasmparser::{Encoding, ExternalKind, Operator, Parser, Payload, TypeRef};

use crate::error::LoadError;
use crate::grants::{Grants, WASI_MODULE};
use crate::load_limits::LoadLimits;

pub use parts::{Import, TaskInfo};

const PAGE_BYTES: u64 = 1 << 16;

/// The export with the pointer into the stack in memory.
pub(super) const STACK_POINTER: &str = "__stack_pointer";

/// The export of a program that runs it, and the name of its task.
pub(super) const START: &str = "_start";

/// The export that prepares a module for an operating system which is no program.
pub(super) const INITIALIZE: &str = "_initialize";

/// What a wasm module contains, for a look before anything is compiled.
///
/// Names and doc comments come from the module's author: they may hold anything, control characters
/// included.
#[derive(Clone, Debug)]
pub struct ModuleInfo {
    bytes: usize,
    tasks: Vec<TaskInfo>,
    imports: Vec<Import>,
    memory_bytes: u64,
    data_bytes: usize,
    code_bytes: usize,
    exports: HashSet<String>,
    types: usize,
    imported_functions: usize,
    functions: usize,
    has_start: bool,
    is_program: bool,
    /// The values that globals of type i32 begin with, where that is a constant.
    globals: Vec<Option<i32>>,
    stack_pointer: Option<u32>,
}

impl ModuleInfo {
    /// Reads what the module says of itself. Nothing is compiled or run.
    ///
    /// Succeeds for any core wasm module with readable records, whether or not it could be loaded: a
    /// module without tasks has an empty list.
    ///
    /// # Errors
    ///
    /// [`LoadError`] for what is no module, is too large (64 MiB), or has records that cannot be read.
    pub fn read(wasm: &[u8]) -> Result<Self, LoadError> {
        Self::read_limited(wasm, LoadLimits::new().module_bytes)
    }

    pub(super) fn read_limited(wasm: &[u8], limit_bytes: usize) -> Result<Self, LoadError> {
        if wasm.is_empty() {
            return Err(LoadError::Empty);
        }
        if wasm.len() > limit_bytes {
            return Err(LoadError::TooLarge {
                bytes: wasm.len(),
                limit_bytes,
            });
        }
        if !wasm.starts_with(b"\0asm") {
            return Err(LoadError::NotWasm);
        }
        let mut info = Self {
            bytes: wasm.len(),
            tasks: Vec::new(),
            imports: Vec::new(),
            memory_bytes: 0,
            data_bytes: 0,
            code_bytes: 0,
            exports: HashSet::new(),
            types: 0,
            imported_functions: 0,
            functions: 0,
            has_start: false,
            is_program: false,
            globals: Vec::new(),
            stack_pointer: None,
        };
        for payload in Parser::new(0).parse_all(wasm) {
            info.add(payload.map_err(invalid)?)?;
        }
        info.tasks
            .sort_by(|one, other| one.name().cmp(other.name()));
        info.is_program = info.tasks.is_empty() && info.exports.contains(START);
        Ok(info)
    }

    /// Whether this is a program: no tasks, but something to start.
    pub(super) fn is_program(&self) -> bool {
        self.is_program
    }

    pub(super) fn has_export(&self, name: &str) -> bool {
        self.exports.contains(name)
    }

    /// Adds the task that a program is.
    pub(super) fn add_program(&mut self) {
        const BYTES: &str = "Vec<u8>";
        let record = OwnedRecord {
            name: START.to_owned(),
            doc: "Runs the program: takes what it reads from stdin, and returns what it writes to stdout."
                .to_owned(),
            parameters: vec![Parameter {
                name: "stdin".to_owned(),
                schema: BYTES.to_owned(),
            }],
            output: BYTES.to_owned(),
            scalar: false,
        };
        self.tasks.push(TaskInfo { record });
    }

    fn add(&mut self, payload: Payload<'_>) -> Result<(), LoadError> {
        match payload {
            Payload::Version {
                encoding: Encoding::Component,
                ..
            } => return Err(LoadError::Component),
            Payload::ImportSection(imports) => {
                for import in imports.into_imports() {
                    let import = import.map_err(invalid)?;
                    match import.ty {
                        TypeRef::Memory(memory) => {
                            self.memory_bytes = memory.initial.saturating_mul(PAGE_BYTES);
                        }
                        TypeRef::Func(_) | TypeRef::FuncExact(_) => {
                            self.imported_functions += 1;
                            self.functions += 1;
                        }
                        TypeRef::Global(_) => self.globals.push(None),
                        TypeRef::Table(_) | TypeRef::Tag(_) => {}
                    }
                    self.imports.push(Import {
                        module: import.module.to_owned(),
                        name: import.name.to_owned(),
                    });
                }
            }
            Payload::MemorySection(memories) => {
                for memory in memories {
                    let pages = memory.map_err(invalid)?.initial;
                    self.memory_bytes = pages.saturating_mul(PAGE_BYTES);
                }
            }
            Payload::ExportSection(exports) => {
                for export in exports {
                    let export = export.map_err(invalid)?;
                    if export.name == STACK_POINTER && export.kind == ExternalKind::Global {
                        self.stack_pointer = Some(export.index);
                    }
                    if matches!(
                        export.kind,
                        ExternalKind::Func | ExternalKind::Memory | ExternalKind::Global
                    ) {
                        self.exports.insert(export.name.to_owned());
                    }
                }
            }
            Payload::GlobalSection(globals) => {
                for global in globals {
                    let mut operators = global.map_err(invalid)?.init_expr.get_operators_reader();
                    self.globals.push(match operators.read().map_err(invalid)? {
                        Operator::I32Const { value } => Some(value),
                        _ => None,
                    });
                }
            }
            Payload::TypeSection(types) => self.types += types.count() as usize,
            Payload::FunctionSection(functions) => self.functions += functions.count() as usize,
            Payload::StartSection { .. } => self.has_start = true,
            Payload::DataSection(data) => self.data_bytes = data.range().len(),
            Payload::CodeSectionStart { size, .. } => self.code_bytes = size as usize,
            Payload::CustomSection(section) if section.name() == RECORDS_SECTION => {
                let records = read_records(section.data()).map_err(|error| match error {
                    RecordError::Version { found } => LoadError::AbiVersion { found },
                    RecordError::Malformed => LoadError::BadRecords,
                })?;
                self.tasks
                    .extend(records.into_iter().map(|record| TaskInfo { record }));
            }
            _ => {}
        }
        Ok(())
    }

    /// Checks whether a host that grants nothing would take the module, as far as can be told from what
    /// it says of itself.
    ///
    /// # Errors
    ///
    /// [`LoadError`]: no tasks, two tasks of one name, an import, a start function, a missing export.
    pub fn check(&self) -> Result<(), LoadError> {
        self.check_with(&Grants::new())
    }

    /// Checks whether a host with these grants would take the module, as far as can be told from what it
    /// says of itself.
    ///
    /// # Errors
    ///
    /// [`LoadError`]: no tasks, two tasks of one name, an import that is not granted, a start function, a
    /// missing export.
    pub fn check_with(&self, grants: &Grants) -> Result<(), LoadError> {
        // Of a program that wants WASI, what it wants says more.
        let no_tasks = self.tasks.is_empty() && !(self.is_program && grants.has_wasi());
        let wants_wasi = |import: &Import| import.module == WASI_MODULE;
        if no_tasks && !(self.is_program && self.imports.iter().any(wants_wasi)) {
            return Err(LoadError::NoTasks);
        }
        for Import { module, name } in &self.imports {
            if let Some(reason) = grants.refusal(module, name) {
                return Err(LoadError::Import {
                    module: module.clone(),
                    name: name.clone(),
                    reason,
                });
            }
        }
        if self.has_start {
            return Err(LoadError::StartFunction);
        }
        for (one, next) in self.tasks.iter().zip(self.tasks.iter().skip(1)) {
            if one.name() == next.name() {
                return Err(LoadError::DuplicateTask(one.name().to_owned()));
            }
        }
        match self.needed().find(|name| !self.exports.contains(name)) {
            Some(missing) => Err(LoadError::MissingExport(missing)),
            None => Ok(()),
        }
    }

    /// The exports that the module has to have.
    fn needed(&self) -> impl Iterator<Item = String> {
        let common = match self.is_program {
            true => &[MEMORY_EXPORT, START][..],
            false => &[MEMORY_EXPORT, ALLOC_EXPORT, PANIC_EXPORT],
        };
        let of_tasks = self.tasks.iter().flat_map(|task| {
            let scalar = task.record.scalar.then_some(SCALAR_EXPORT_PREFIX);
            let prefixes = [TASK_EXPORT_PREFIX].into_iter().chain(scalar);
            prefixes.map(|prefix| format!("{prefix}{}", task.name()))
        });
        let of_tasks = of_tasks.filter(|_| !self.is_program);
        common.iter().map(|name| (*name).to_owned()).chain(of_tasks)
    }

    /// Returns the tasks, by name.
    #[must_use]
    pub fn tasks(&self) -> &[TaskInfo] {
        &self.tasks
    }

    /// Returns the task of this name.
    ///
    /// # Errors
    ///
    /// [`LoadError::MissingTask`], which lists those that there are.
    pub fn task(&self, name: &str) -> Result<&TaskInfo, LoadError> {
        let found = self.tasks.iter().find(|task| task.name() == name);
        found.ok_or_else(|| LoadError::MissingTask {
            task: name.to_owned(),
            available: self.tasks.iter().map(|t| t.name().to_owned()).collect(),
        })
    }

    /// Returns what the module imports. A module that can be loaded imports nothing but what is granted.
    #[must_use]
    pub fn imports(&self) -> &[Import] {
        &self.imports
    }

    /// Returns the size of the module in bytes.
    #[must_use]
    pub fn module_bytes(&self) -> usize {
        self.bytes
    }

    /// Returns the number of the module's functions, imported ones included.
    #[must_use]
    pub fn functions(&self) -> usize {
        self.functions
    }

    pub(super) fn types(&self) -> usize {
        self.types
    }

    pub(super) fn imported_functions(&self) -> usize {
        self.imported_functions
    }

    /// Returns the size of the stack in the module's memory, which lies at its bottom, if it tells.
    pub(super) fn stack_bytes(&self) -> Option<usize> {
        let global = self.globals.get(self.stack_pointer? as usize)?;
        usize::try_from((*global)?).ok()
    }

    /// Returns how much data the module has for its memory, in bytes.
    pub(super) fn data_bytes(&self) -> usize {
        self.data_bytes
    }

    /// Returns the size of the module's code in bytes.
    #[must_use]
    pub fn code_bytes(&self) -> usize {
        self.code_bytes
    }

    /// Returns the size of a sandbox's memory before it runs anything, in bytes.
    #[must_use]
    pub fn memory_bytes(&self) -> u64 {
        self.memory_bytes
    }
}

#[expect(
    clippy::needless_pass_by_value,
    reason = "the shape that `map_err` wants"
)]
fn invalid(error: wasmparser::BinaryReaderError) -> LoadError {
    LoadError::Invalid(error.to_string())
}

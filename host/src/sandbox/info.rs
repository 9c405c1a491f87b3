//! What a module says of itself, read without compiling or running it.

use std::collections::HashSet;
use std::fmt;

use sandpool_abi::{
    ALLOC_EXPORT, MEMORY_EXPORT, OwnedRecord, PANIC_EXPORT, Parameter, RECORDS_SECTION,
    RecordError, SCALAR_EXPORT_PREFIX, TASK_EXPORT_PREFIX, read_records,
};
use wasmparser::{Encoding, ExternalKind, Parser, Payload, TypeRef};

use crate::error::LoadError;

/// The largest module that is looked at.
const MAX_MODULE_BYTES: usize = 64 << 20;

const PAGE_BYTES: u64 = 1 << 16;

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
    code_bytes: usize,
    exports: HashSet<String>,
    has_start: bool,
}

/// A task of a module.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TaskInfo {
    pub(crate) record: OwnedRecord,
}

/// Something that a module wants from its host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Import {
    module: String,
    name: String,
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
        if wasm.is_empty() {
            return Err(LoadError::Empty);
        }
        if wasm.len() > MAX_MODULE_BYTES {
            return Err(LoadError::TooLarge {
                bytes: wasm.len(),
                limit_bytes: MAX_MODULE_BYTES,
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
            code_bytes: 0,
            exports: HashSet::new(),
            has_start: false,
        };
        for payload in Parser::new(0).parse_all(wasm) {
            info.add(payload.map_err(invalid)?)?;
        }
        info.tasks
            .sort_by(|one, other| one.name().cmp(other.name()));
        Ok(info)
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
                    if let TypeRef::Memory(memory) = import.ty {
                        self.memory_bytes = memory.initial.saturating_mul(PAGE_BYTES);
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
                    if matches!(
                        export.kind,
                        ExternalKind::Func | ExternalKind::Memory | ExternalKind::Global
                    ) {
                        self.exports.insert(export.name.to_owned());
                    }
                }
            }
            Payload::StartSection { .. } => self.has_start = true,
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

    /// Checks whether a host would take the module, as far as can be told without compiling it.
    ///
    /// # Errors
    ///
    /// [`LoadError`]: no tasks, two tasks of one name, an import, a start function, a missing export.
    pub fn check(&self) -> Result<(), LoadError> {
        if self.tasks.is_empty() {
            return Err(LoadError::NoTasks);
        }
        if let Some(Import { module, name }) = self.imports.first().cloned() {
            return Err(LoadError::Import { module, name });
        }
        if self.has_start {
            return Err(LoadError::StartFunction);
        }
        let mut needed: Vec<String> = [MEMORY_EXPORT, ALLOC_EXPORT, PANIC_EXPORT]
            .map(str::to_owned)
            .into();
        for (index, task) in self.tasks.iter().enumerate() {
            if index > 0 && self.tasks[index - 1].name() == task.name() {
                return Err(LoadError::DuplicateTask(task.name().to_owned()));
            }
            needed.push(format!("{TASK_EXPORT_PREFIX}{}", task.name()));
            if task.record.scalar {
                needed.push(format!("{SCALAR_EXPORT_PREFIX}{}", task.name()));
            }
        }
        match needed.into_iter().find(|name| !self.exports.contains(name)) {
            Some(missing) => Err(LoadError::Export(missing)),
            None => Ok(()),
        }
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

    /// Returns what the module imports. A module that can be loaded imports nothing.
    #[must_use]
    pub fn imports(&self) -> &[Import] {
        &self.imports
    }

    /// Returns the size of the module in bytes.
    #[must_use]
    pub fn module_bytes(&self) -> usize {
        self.bytes
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

impl TaskInfo {
    /// Returns the function's name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.record.name
    }

    /// Returns the function's doc comment; empty if it has none.
    #[must_use]
    pub fn doc(&self) -> &str {
        &self.record.doc
    }

    /// Returns the parameters, in order.
    #[must_use]
    pub fn parameters(&self) -> &[Parameter] {
        &self.record.parameters
    }

    /// Returns the schema of the result, `()` for none. For a task that returns a `Result`, that of
    /// `Ok`.
    ///
    /// A schema is a type in Rust's notation with every struct and enum spelled out that derives
    /// `Schema`: `Vec<Order { id: u64 }>`. Others stand there as their name.
    #[must_use]
    pub fn output(&self) -> &str {
        &self.record.output
    }
}

impl fmt::Display for TaskInfo {
    /// Writes the signature: `name(parameter: schema) -> schema`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.record.fmt(f)
    }
}

impl Import {
    /// Returns the module that the import names.
    #[must_use]
    pub fn module(&self) -> &str {
        &self.module
    }

    /// Returns the import's name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }
}

#[expect(
    clippy::needless_pass_by_value,
    reason = "the shape that `map_err` wants"
)]
fn invalid(error: wasmparser::BinaryReaderError) -> LoadError {
    LoadError::Invalid(error.to_string())
}

//! Where the exports of a compiled module are that an instance is used by.

use sandpool_abi::{
    ALLOC_EXPORT, MEMORY_EXPORT, PANIC_EXPORT, SCALAR_EXPORT_PREFIX, TASK_EXPORT_PREFIX,
};
use wasmtime::{Module, ModuleExport};

use crate::error::LoadError;
use crate::sandbox::info::{INITIALIZE, ModuleInfo, STACK_POINTER, START, TaskInfo};

/// The exports of a module that are not its tasks.
pub(crate) struct Exports {
    pub(crate) memory: ModuleExport,
    /// The memory with the flags that it polls, if it does.
    pub(crate) flags: Option<ModuleExport>,
    /// Programs lack this and the next one.
    pub(crate) alloc: Option<ModuleExport>,
    pub(crate) panic: Option<ModuleExport>,
    /// What is to be called before the first task.
    pub(crate) initialize: Option<ModuleExport>,
    /// The size of the stack in memory, and the pointer into it, for telling a stack overflow from a wild
    /// pointer; modules of other tools may lack it.
    pub(crate) stack_pointer: Option<(usize, ModuleExport)>,
}

impl Exports {
    /// Of a module with this memory of flags, if it has one.
    pub(super) fn find(
        module: &Module,
        info: &ModuleInfo,
        flags: Option<&str>,
        has_wasi: bool,
    ) -> Result<Self, LoadError> {
        let find_if = |is_there: bool, name| is_there.then(|| find(module, name)).transpose();
        let has_tasks = !info.is_program();
        Ok(Self {
            memory: find(module, MEMORY_EXPORT)?,
            flags: flags.map(|name| find(module, name)).transpose()?,
            alloc: find_if(has_tasks, ALLOC_EXPORT)?,
            panic: find_if(has_tasks, PANIC_EXPORT)?,
            initialize: find_if(has_wasi && info.has_export(INITIALIZE), INITIALIZE)?,
            stack_pointer: info.stack_bytes().zip(find(module, STACK_POINTER).ok()),
        })
    }
}

/// A task's exports.
pub(crate) struct TaskExports {
    pub(crate) call: ModuleExport,
    pub(crate) scalar: Option<ModuleExport>,
}

impl TaskExports {
    pub(super) fn find(
        module: &Module,
        info: &ModuleInfo,
        task: &TaskInfo,
    ) -> Result<Self, LoadError> {
        let find_named = |prefix| find(module, &format!("{prefix}{}", task.name()));
        let scalar = task.record.scalar;
        Ok(Self {
            call: match info.is_program() {
                true => find(module, START)?,
                false => find_named(TASK_EXPORT_PREFIX)?,
            },
            scalar: scalar
                .then(|| find_named(SCALAR_EXPORT_PREFIX))
                .transpose()?,
        })
    }
}

/// Returns where an export is that admission has seen.
fn find(module: &Module, name: &str) -> Result<ModuleExport, LoadError> {
    let export = module.get_export_index(name);
    export.ok_or_else(|| LoadError::MissingExport(name.to_owned()))
}

//! Loading a module: checked, compiled, ready to be instantiated.

use std::collections::HashMap;
use std::fmt;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Weak};

use sandpool_abi::{
    ALLOC_EXPORT, MEMORY_EXPORT, PANIC_EXPORT, SCALAR_EXPORT_PREFIX, TASK_EXPORT_PREFIX, Task,
};
use wasmtime::{Engine, ExternType, FuncType, InstancePre, Linker, Module, ModuleExport, ValType};

use crate::control::Cancel;
use crate::error::LoadError;
use crate::limits::Due;
use crate::sandbox::alarm::Armed;
use crate::sandbox::engine;
use crate::sandbox::info::{ModuleInfo, TaskInfo};
use crate::sandbox::instance::Guest;
use crate::sandbox::interrupt::Timer;
use crate::settings::processors;

/// A module of tasks, compiled for this machine.
///
/// Loading takes time, most of it compilation; so load once and give it to as many pools as wanted.
/// Clones share everything.
///
/// Compilation is done by the host, outside of any sandbox and without a limit: mostly in proportion to
/// the module's size, but a module that is made for it can take a minute and gigabytes for 100 kB. Who
/// loads modules of strangers should do it where that hurts nobody.
#[derive(Clone)]
pub struct TaskModule {
    pub(crate) inner: Arc<Inner>,
}

pub(crate) struct Inner {
    pub(crate) instance: InstancePre<Guest>,
    pub(crate) exports: Exports,
    pub(crate) timer: Timer,
    entries: HashMap<String, Entry>,
    info: ModuleInfo,
    /// Sandboxes that no pool has reserved.
    free: AtomicUsize,
}

/// The exports that every module has.
pub(crate) struct Exports {
    pub(crate) memory: ModuleExport,
    pub(crate) alloc: ModuleExport,
    pub(crate) panic: ModuleExport,
    /// For telling a stack overflow from a wild pointer; modules of other tools may lack it.
    pub(crate) stack_pointer: Option<ModuleExport>,
}

/// A task's exports.
#[derive(Clone)]
pub(crate) struct Entry {
    pub(crate) call: ModuleExport,
    pub(crate) scalar: Option<ModuleExport>,
    index: usize,
}

impl TaskModule {
    /// Loads a module from its bytes.
    ///
    /// # Errors
    ///
    /// [`LoadError`]: what is wrong with the module. Nothing of it has run.
    pub fn new(wasm: impl AsRef<[u8]>) -> Result<Self, LoadError> {
        let wasm = wasm.as_ref();
        let info = ModuleInfo::read(wasm)?;
        info.check()?;
        let sandboxes = sandboxes();
        let engine = engine::new(u32::try_from(sandboxes).unwrap_or(u32::MAX)).map_err(invalid)?;
        let module = Module::new(&engine, wasm).map_err(invalid)?;
        let finder = Finder {
            engine: &engine,
            module: &module,
        };
        let exports = Exports {
            memory: finder.find(MEMORY_EXPORT, |ty| matches!(ty, ExternType::Memory(_)))?,
            alloc: finder.function(ALLOC_EXPORT, [ValType::I32].into(), ValType::I32)?,
            panic: finder.find(PANIC_EXPORT, is_i32_global)?,
            stack_pointer: finder.find("__stack_pointer", is_i32_global).ok(),
        };
        let entries = info.tasks().iter().enumerate().map(|(index, task)| {
            let name = task.name();
            let call = finder.function(
                &format!("{TASK_EXPORT_PREFIX}{name}"),
                vec![ValType::I32; 3],
                ValType::I64,
            )?;
            let scalar = task.record.scalar.then(|| {
                let export = format!("{SCALAR_EXPORT_PREFIX}{name}");
                finder.function(&export, vec![ValType::I64; 4], ValType::I64)
            });
            let entry = Entry {
                call,
                scalar: scalar.transpose()?,
                index,
            };
            Ok((name.to_owned(), entry))
        });
        let entries = entries.collect::<Result<_, LoadError>>()?;
        let instance = Linker::new(&engine)
            .instantiate_pre(&module)
            .map_err(invalid)?;
        Ok(Self {
            inner: Arc::new(Inner {
                instance,
                exports,
                timer: Timer::new(engine),
                entries,
                info,
                free: AtomicUsize::new(sandboxes),
            }),
        })
    }

    /// Loads a module from a file.
    ///
    /// # Errors
    ///
    /// [`LoadError::File`] if the file cannot be read, and as [`new`](Self::new).
    pub fn from_file(path: impl AsRef<Path>) -> Result<Self, LoadError> {
        let path = path.as_ref();
        let wasm = std::fs::read(path).map_err(|source| LoadError::File {
            path: path.to_owned(),
            source,
        })?;
        Self::new(wasm)
    }

    /// Returns the tasks, by name.
    #[must_use]
    pub fn tasks(&self) -> &[TaskInfo] {
        self.inner.info.tasks()
    }

    /// Returns what the module says of itself.
    #[must_use]
    pub fn info(&self) -> &ModuleInfo {
        &self.inner.info
    }

    /// Checks that the module has the task, with the argument and result types that the host was
    /// compiled with. Submitting checks, too; this is for those who want to know before.
    ///
    /// # Errors
    ///
    /// [`LoadError::MissingTask`], [`LoadError::Signature`].
    pub fn check<T: Task>(&self, task: T) -> Result<(), LoadError> {
        let _ = task;
        self.typed_entry::<T>().map(drop)
    }

    pub(crate) fn typed_entry<T: Task>(&self) -> Result<&Entry, LoadError> {
        let entry = self.entry(T::RECORD.name)?;
        let found = &self.task(entry).record;
        if T::RECORD.matches(found) {
            return Ok(entry);
        }
        Err(LoadError::Signature {
            expected: T::RECORD.to_owned().to_string(),
            found: found.to_string(),
        })
    }

    pub(crate) fn entry(&self, name: &str) -> Result<&Entry, LoadError> {
        match self.inner.entries.get(name) {
            Some(entry) => Ok(entry),
            None => Err(self.info().task(name).expect_err("every task has an entry")),
        }
    }

    pub(crate) fn task(&self, entry: &Entry) -> &TaskInfo {
        &self.tasks()[entry.index]
    }

    /// Has the task ended at its deadline, if it waits in a queue by then and the returned guard lives.
    /// Where the system has no thread left for the timer, it is ended when its turn comes.
    pub(crate) fn expire(&self, due: Due, task: Weak<dyn Cancel>) -> Option<Armed> {
        self.inner.timer.expire(due, task).ok()
    }

    /// Reserves sandboxes for a pool, or returns how many are left.
    pub(crate) fn reserve(&self, sandboxes: usize) -> Result<Reservation, usize> {
        let take = |free: usize| free.checked_sub(sandboxes);
        self.inner
            .free
            .fetch_update(Ordering::AcqRel, Ordering::Acquire, take)?;
        Ok(Reservation {
            module: self.clone(),
            sandboxes,
        })
    }
}

/// How many sandboxes of one module can live at once: enough for several pools of one worker per
/// processor. Each takes 4 GiB of the 128 TiB of address space that a process has.
fn sandboxes() -> usize {
    const FEWEST: usize = 64;
    const PER_PROCESSOR: usize = 4;
    FEWEST.max(PER_PROCESSOR * processors())
}

/// Sandboxes that belong to a pool, given back on drop.
#[derive(Debug)]
pub(crate) struct Reservation {
    module: TaskModule,
    sandboxes: usize,
}

impl Drop for Reservation {
    fn drop(&mut self) {
        let free = &self.module.inner.free;
        free.fetch_add(self.sandboxes, Ordering::AcqRel);
    }
}

/// Finds exports and checks their types.
struct Finder<'a> {
    engine: &'a Engine,
    module: &'a Module,
}

impl Finder<'_> {
    fn find(
        &self,
        name: &str,
        is: impl FnOnce(&ExternType) -> bool,
    ) -> Result<ModuleExport, LoadError> {
        self.module
            .get_export(name)
            .filter(is)
            .and_then(|_| self.module.get_export_index(name))
            .ok_or_else(|| LoadError::Export(name.to_owned()))
    }

    fn function(
        &self,
        name: &str,
        parameters: Vec<ValType>,
        result: ValType,
    ) -> Result<ModuleExport, LoadError> {
        let expected = FuncType::new(self.engine, parameters, [result]);
        self.find(
            name,
            |ty| matches!(ty, ExternType::Func(found) if FuncType::eq(found, &expected)),
        )
    }
}

fn is_i32_global(ty: &ExternType) -> bool {
    matches!(ty, ExternType::Global(global) if global.content().is_i32())
}

#[expect(
    clippy::needless_pass_by_value,
    reason = "the shape that `map_err` wants"
)]
fn invalid(error: wasmtime::Error) -> LoadError {
    LoadError::Invalid(format!("{error:#}"))
}

impl TryFrom<&[u8]> for TaskModule {
    type Error = LoadError;

    fn try_from(wasm: &[u8]) -> Result<Self, LoadError> {
        Self::new(wasm)
    }
}

impl<const N: usize> TryFrom<&[u8; N]> for TaskModule {
    type Error = LoadError;

    fn try_from(wasm: &[u8; N]) -> Result<Self, LoadError> {
        Self::new(wasm)
    }
}

impl TryFrom<&Vec<u8>> for TaskModule {
    type Error = LoadError;

    fn try_from(wasm: &Vec<u8>) -> Result<Self, LoadError> {
        Self::new(wasm)
    }
}

impl TryFrom<Vec<u8>> for TaskModule {
    type Error = LoadError;

    fn try_from(wasm: Vec<u8>) -> Result<Self, LoadError> {
        Self::new(wasm)
    }
}

impl From<&Self> for TaskModule {
    fn from(module: &Self) -> Self {
        module.clone()
    }
}

impl fmt::Debug for TaskModule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let tasks: Vec<&str> = self.tasks().iter().map(TaskInfo::name).collect();
        f.debug_struct("TaskModule").field("tasks", &tasks).finish()
    }
}

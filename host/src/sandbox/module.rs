//! Loading a module: checked, compiled, ready to be instantiated.

use std::any::TypeId;
use std::collections::HashMap;
use std::fmt;
use std::num::NonZeroUsize;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use sandpool_abi::Task;
use wasmtime::{InstancePre, Linker};

use crate::control::Cancel;
use crate::error::LoadError;
use crate::interruption::Interruption;
use crate::limits::Due;
use crate::sandbox::alarm::Armed;
use crate::sandbox::builder::{Settings, TaskModuleBuilder};
use crate::sandbox::compared::Compared;
use crate::sandbox::compile::Compiler;
use crate::sandbox::engine::Room;
use crate::sandbox::exports::{Exports, TaskExports};
use crate::sandbox::guest::Guest;
use crate::sandbox::info::{ModuleInfo, TaskInfo};
use crate::sandbox::interrupt::Timer;
use crate::sandbox::store::ModuleStore;
use crate::sandbox::{admission, compile, imports, mappings, rewrite};
use crate::settings::processors;

/// A module of tasks, compiled for this machine.
///
/// Loading takes time, most of it compilation; so load once and give it to as many pools as wanted.
/// Clones share everything.
///
/// What it may be, import and take is bounded: see [`LoadLimits`](crate::LoadLimits),
/// [`Grants`](crate::Grants) and [`builder`](Self::builder).
#[derive(Clone)]
pub struct TaskModule {
    pub(crate) inner: Arc<Inner>,
}

pub(crate) struct Inner {
    pub(crate) instance: InstancePre<Guest>,
    pub(crate) exports: Exports,
    pub(crate) timer: Timer,
    pub(super) settings: Settings,
    /// What it was loaded from.
    pub(super) wasm: Vec<u8>,
    entries: HashMap<String, Entry>,
    /// Of each task.
    task_exports: Vec<TaskExports>,
    /// The tasks that were compared with the host's.
    compared: Compared,
    info: ModuleInfo,
    /// Whether it came from a store.
    was_stored: bool,
    /// Sandboxes that no pool has reserved.
    free: AtomicUsize,
}

impl Inner {
    pub(super) fn task_exports(&self, entry: Entry) -> &TaskExports {
        &self.task_exports[entry.0]
    }
}

/// A task of a module.
#[derive(Clone, Copy, PartialEq)]
pub(crate) struct Entry(usize);

impl TaskModule {
    /// Loads a module from its bytes.
    ///
    /// # Errors
    ///
    /// [`LoadError`]: what is wrong with the module. Nothing of it has run.
    pub fn new(wasm: impl AsRef<[u8]>) -> Result<Self, LoadError> {
        Self::builder(wasm).load()
    }

    /// Returns a builder with the defaults, for loading a module from its bytes with other limits, with
    /// grants, or deterministic.
    pub fn builder(wasm: impl AsRef<[u8]>) -> TaskModuleBuilder {
        TaskModuleBuilder::new(wasm.as_ref())
    }

    pub(super) fn load(wasm: Vec<u8>, settings: Settings) -> Result<Self, LoadError> {
        let Settings {
            limits,
            grants,
            profile,
            ..
        } = &settings;
        let mut info = ModuleInfo::read_limited(&wasm, limits.module_bytes)?;
        info.check_with(grants)?;
        let sandboxes = settings.sandboxes.map_or_else(sandboxes, NonZeroUsize::get);
        let room = Room {
            instances: sandboxes,
            kept_memory_bytes: settings.kept_memory_bytes,
            data_bytes: info.data_bytes(),
            stack_bytes: info.stack_bytes().unwrap_or(0),
            snapshot_bytes: settings.snapshot_bytes,
        };
        let compiler = Compiler::new(profile, &room, limits.compile_time)?;
        let engine = &compiler.engine;
        let stored = settings.store.as_ref().map(|store| {
            // All that admission and the rewriting depend on.
            let settings = (limits.functions, settings.snapshot_bytes);
            let more = (profile.interruption, settings, grants.has_wasi());
            (store, ModuleStore::key(&wasm, engine, more))
        });
        let found = stored
            .as_ref()
            .and_then(|(store, key)| store.find(engine, key));
        let was_stored = found.is_some();
        let with_polls = profile.interruption == Interruption::Polls;
        let module = match found {
            Some(module) => module,
            None => {
                admission::admit(&wasm, &info, limits, grants)?;
                let rewritten = rewrite::rewrite(&wasm, &info, with_polls)
                    .map_err(|error| LoadError::Invalid(error.to_string()))?;
                let module = compiler.compile(rewritten)?;
                if let Some((store, key)) = &stored {
                    store.put(key, &module);
                }
                module
            }
        };
        let flags = with_polls.then(|| rewrite::flags_export(&info));
        if info.is_program() {
            info.add_program();
        }
        let exports = Exports::find(&module, &info, flags.as_deref(), grants.has_wasi())?;
        let tasks = info.tasks().iter().map(TaskInfo::name);
        let entries = tasks.map(str::to_owned).zip((0..).map(Entry)).collect();
        let task_exports = info.tasks().iter();
        let task_exports = task_exports.map(|task| TaskExports::find(&module, &info, task));
        let task_exports = task_exports.collect::<Result<_, LoadError>>()?;
        let mut linker = Linker::new(engine);
        imports::define(grants, &mut linker).map_err(compile::invalid)?;
        let instance = linker.instantiate_pre(&module).map_err(compile::invalid)?;
        Ok(Self {
            inner: Arc::new(Inner {
                instance,
                exports,
                timer: Timer::new(compiler.engine),
                was_stored,
                settings,
                wasm,
                entries,
                task_exports,
                compared: Compared::new(info.tasks().len()),
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

    /// Returns whether the module was found in a [`ModuleStore`], and so not compiled.
    #[must_use]
    pub fn was_stored(&self) -> bool {
        self.inner.was_stored
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

    pub(crate) fn typed_entry<T: Task>(&self) -> Result<Entry, LoadError> {
        let compared = &self.inner.compared;
        let task = TypeId::of::<T>();
        if let Some(entry) = compared.get(task) {
            return Ok(entry);
        }
        let entry = self.entry(T::RECORD.name)?;
        let found = &self.task(entry).record;
        if T::RECORD.matches(found) {
            compared.insert(task, entry);
            return Ok(entry);
        }
        Err(LoadError::Signature {
            expected: T::RECORD.to_owned().to_string(),
            found: found.to_string(),
        })
    }

    pub(crate) fn entry(&self, name: &str) -> Result<Entry, LoadError> {
        match self.inner.entries.get(name) {
            Some(entry) => Ok(*entry),
            None => Err(self.info().task(name).expect_err("every task has an entry")),
        }
    }

    /// Whether it is a program, whose sandboxes serve one task.
    pub(crate) fn is_program(&self) -> bool {
        self.inner.info.is_program()
    }

    /// How much of a thread's stack a task may use.
    pub(crate) fn stack_bytes(&self) -> usize {
        self.inner.settings.profile.stack_bytes
    }

    /// How tasks are stopped.
    pub(crate) fn interruption(&self) -> Interruption {
        self.inner.settings.profile.interruption
    }

    /// Whether the fuel that tasks burn is counted.
    pub(crate) fn counts_fuel(&self) -> bool {
        self.inner.settings.profile.fuel
    }

    pub(crate) fn task(&self, entry: Entry) -> &TaskInfo {
        &self.tasks()[entry.0]
    }

    /// Has the task ended at its deadline, if it waits in a queue by then and the returned guard lives.
    /// Where the system has no thread left for the timer, it is ended when its turn comes.
    pub(crate) fn expire(&self, due: Due, task: &Arc<dyn Cancel>) -> Option<Armed> {
        self.inner.timer.expire(due, task).ok()
    }

    /// Reserves sandboxes for a pool.
    pub(crate) fn reserve(&self, sandboxes: usize) -> Result<Reservation, NoRoom> {
        let take = |free: usize| free.checked_sub(sandboxes);
        let free = &self.inner.free;
        free.fetch_update(Ordering::AcqRel, Ordering::Acquire, take)
            .map_err(|available| NoRoom::Sandboxes { available })?;
        // From here on they are given back on drop.
        let mut reservation = Reservation {
            module: self.clone(),
            sandboxes,
            mappings: None,
        };
        let mappings = mappings::Promise::of(sandboxes);
        reservation.mappings = Some(mappings.map_err(NoRoom::Mappings)?);
        Ok(reservation)
    }
}

/// Why there are no sandboxes to be reserved.
#[derive(Debug)]
pub(crate) enum NoRoom {
    /// The module has only so many left.
    Sandboxes { available: usize },
    /// The system lets this process map no more memory.
    Mappings(mappings::TooMany),
}

/// How many sandboxes of one module can live at once: enough for several pools of one worker per
/// processor. Each takes 4 GiB of the 128 TiB of address space that a process has.
fn sandboxes() -> usize {
    const FEWEST: usize = 64;
    const PER_PROCESSOR: usize = 4;
    FEWEST.max(PER_PROCESSOR * processors())
}

/// Sandboxes that belong to a pool, given back on drop.
pub(crate) struct Reservation {
    module: TaskModule,
    sandboxes: usize,
    mappings: Option<mappings::Promise>,
}

impl Drop for Reservation {
    fn drop(&mut self) {
        let free = &self.module.inner.free;
        free.fetch_add(self.sandboxes, Ordering::AcqRel);
    }
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

//! The settings with which a module is loaded.

use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::error::LoadError;
use crate::grants::Grants;
use crate::interruption::Interruption;
use crate::load_limits::LoadLimits;
use crate::sandbox::coredumps::Coredumps;
use crate::sandbox::engine::Profile;
use crate::sandbox::module::TaskModule;
use crate::sandbox::store::ModuleStore;

/// Loads a [`TaskModule`] otherwise than with the defaults. From [`TaskModule::builder`].
///
/// ```
/// use guest_tasks::primes_below;
/// use sandpool::{Limits, ProcessPool, TaskErrorKind, TaskModule};
///
/// # fn main() -> anyhow::Result<()> {
/// let module = TaskModule::builder(guest_tasks::MODULE).fuel_metering().load()?;
/// let pool = ProcessPool::new(module)?;
/// let frugal = pool.with(Limits::new().fuel(10_000));
/// assert_eq!(frugal.submit(primes_below, 10)?.join()?, 4);
/// let error = frugal.submit(primes_below, 1_000_000)?.join().unwrap_err();
/// assert!(matches!(error.kind(), TaskErrorKind::FuelExhausted { limit: 10_000 }));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
#[must_use = "nothing is loaded before `load`"]
pub struct TaskModuleBuilder {
    wasm: Vec<u8>,
    settings: Settings,
    deterministic: bool,
    coredumps: Option<(PathBuf, usize)>,
}

/// How a module is loaded.
#[derive(Clone, Debug, Default)]
pub(super) struct Settings {
    pub(super) limits: LoadLimits,
    pub(super) grants: Grants,
    pub(super) profile: Profile,
    pub(super) coredumps: Option<Arc<Coredumps>>,
    pub(super) store: Option<ModuleStore>,
    /// How many sandboxes can live at once.
    pub(super) sandboxes: Option<NonZeroUsize>,
    /// How much of a sandbox's memory stays mapped.
    pub(super) kept_memory_bytes: Option<usize>,
    /// The most that the memory has that the module was made from.
    pub(super) snapshot_bytes: u64,
}

/// Between what every call needs and what a thread's stack can be.
const STACK_BYTES: std::ops::RangeInclusive<usize> = 16 << 10..=256 << 20;

impl TaskModuleBuilder {
    pub(super) fn new(wasm: &[u8]) -> Self {
        Self {
            wasm: wasm.to_vec(),
            settings: Settings::default(),
            deterministic: false,
            coredumps: None,
        }
    }

    /// Sets what is loaded at all. Default: [`LoadLimits::new`].
    pub fn limits(mut self, limits: LoadLimits) -> Self {
        self.settings.limits = limits;
        self
    }

    /// Sets what the module's tasks may have of the world outside. Default: nothing.
    pub fn grants(mut self, grants: Grants) -> Self {
        self.settings.grants = grants;
        self
    }

    /// Sets how much stack a task may use for its calls, in bytes: from 16 KiB to 256 MiB. Default: 1 MiB.
    /// A task that uses more ends as [`StackOverflow`](crate::TaskErrorKind::StackOverflow). The threads
    /// of workers get so much more stack.
    ///
    /// Code from Rust keeps what it borrows in a second stack, in the sandbox's memory: its size is
    /// fixed when the module is linked: 256 KiB where `sandpool-build` does it and nothing else is asked for.
    pub fn stack_bytes(mut self, bytes: usize) -> Self {
        self.settings.profile.stack_bytes = bytes;
        self
    }

    /// Has tasks count the fuel that they burn, for [`Limits::fuel`](crate::Limits::fuel),
    /// [`TaskHandle::fuel_used`](crate::TaskHandle::fuel_used) and
    /// [`PoolStats::fuel_used`](crate::PoolStats::fuel_used). Default: they do not, since counting slows code
    /// down.
    pub fn fuel_metering(mut self) -> Self {
        self.settings.profile.fuel = true;
        self
    }

    /// Has the same arguments give the same result, bit by bit, and burn the same fuel, on every run and every
    /// machine with this version of this library. Default: the bits of a NaN may differ between kinds of
    /// processors.
    ///
    /// Counts [fuel](Self::fuel_metering), gives every NaN the same bits, and refuses
    /// [grants](Self::grants) that tell the time or are random. What is left to differ are limits: a time
    /// limit, naturally, and how deep calls can go before the stack is used up.
    pub fn deterministic(mut self) -> Self {
        self.deterministic = true;
        self.settings.profile.fuel = true;
        self.settings.profile.canonical_nans = true;
        self
    }

    /// Sets how running tasks are made to notice that they are to end. Default:
    /// [`Interruption::Polls`].
    pub fn interruption(mut self, interruption: Interruption) -> Self {
        self.settings.profile.interruption = interruption;
        self
    }

    /// Has every access to memory checked by an instruction of its own, with the engine's defences
    /// against speculative execution, and maps the memory of sandboxes one by one. Default: guard pages
    /// around each memory catch what goes past its end, at no cost; speculative accesses past a memory's
    /// end are not defended against then.
    ///
    /// Code gets slower by a fifth or more, and new sandboxes several times as slow to make.
    pub fn bounds_checks(mut self) -> Self {
        self.settings.profile.bounds_checks = true;
        self
    }

    /// Writes a core dump to the folder for each of the first `most` tasks that trap, panic or use up their
    /// stack; [`TaskError::coredump`](crate::TaskError::coredump) has its path. Default: none.
    ///
    /// A dump holds all of the sandbox's memory. It is written by the worker, before the task ends. The
    /// format is that of WebAssembly's tool conventions. The folder is made if it is not there; where
    /// a dump cannot be written there is none.
    pub fn coredumps(mut self, folder: impl AsRef<Path>, most: usize) -> Self {
        self.settings.profile.coredumps = true;
        self.coredumps = Some((folder.as_ref().to_owned(), most));
        self
    }

    /// Sets how many sandboxes of the module can live at once: each worker of its pools has one, and so has each
    /// thread that is in a [`call`](crate::ProcessPool::call). Default: 64, or four for each processor if that is more.
    ///
    /// Each takes some 8 GiB of the address space of the process, of which there are 128 TiB; where that does not
    /// do, they are mapped one by one, which is slower. Each takes several of the mappings that the system lets it have: where those would not do, a pool is not built
    /// ([`BuildError::TooManyMappings`](crate::BuildError::TooManyMappings)).
    pub fn sandboxes(mut self, sandboxes: NonZeroUsize) -> Self {
        self.settings.sandboxes = Some(sandboxes);
        self
    }

    /// Sets how much of a sandbox's memory, from its beginning, stays mapped for the next sandbox and is
    /// overwritten for it, in bytes. Default: 2 MiB; where the module has more data than that, its stack and
    /// 144 KiB above it.
    ///
    /// What a task touches beyond is mapped anew, page by page: a hundred times what it takes to overwrite a
    /// page. But all that stays is overwritten, whether the task has touched it or not.
    pub fn kept_memory_bytes(mut self, bytes: usize) -> Self {
        self.settings.kept_memory_bytes = Some(bytes);
        self
    }

    /// Keeps the module compiled in the store, and takes it from there if it is there already. Default: it is
    /// compiled each time.
    ///
    /// A module that is found is not checked again: it was when it was compiled, with the same settings, and the
    /// name under which it is kept is the hash of the whole of it.
    pub fn store(mut self, store: &ModuleStore) -> Self {
        self.settings.store = Some(store.clone());
        self
    }

    /// Loads the module: checks it, compiles it on threads that run no tasks, and waits for
    /// that.
    ///
    /// # Errors
    ///
    /// [`LoadError`]: what is wrong with the module, which limit it is past, what it imports without a
    /// grant; [`LoadError::Settings`] for settings that contradict each other. Nothing of it has run.
    pub fn load(mut self) -> Result<TaskModule, LoadError> {
        if !STACK_BYTES.contains(&self.settings.profile.stack_bytes) {
            return Err(LoadError::Settings(format!(
                "a stack of {} bytes was asked for; it can have {} to {}",
                self.settings.profile.stack_bytes,
                STACK_BYTES.start(),
                STACK_BYTES.end()
            )));
        }
        if let (true, Some(grant)) = (self.deterministic, self.settings.grants.nondeterministic()) {
            return Err(LoadError::Settings(format!(
                "a deterministic module was asked for, and {grant} is granted, which is not the same on every run"
            )));
        }
        self.settings.coredumps = self
            .coredumps
            .map(|(folder, most)| Arc::new(Coredumps::new(folder, most)));
        self.settings.grants = self.settings.grants.check()?;
        TaskModule::load(self.wasm, self.settings)
    }
}

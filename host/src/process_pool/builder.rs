//! The settings of a process pool.

use std::fmt;
use std::sync::{Arc, OnceLock};

use sandpool_abi::{Arguments, Encoding, Task};

use crate::error::{BuildError, LoadError};
use crate::initialization::Initialization;
use crate::isolation::Isolation;
use crate::limits::Limits;
use crate::panic_place;
use crate::process_pool::ProcessPool;
use crate::process_pool::calls::Callers;
use crate::process_pool::tasks::{Encoded, Tasks, Worker};
use crate::running::Running;
use crate::sandbox::{Entry, Initializer, NESTED, NoRoom, Plan, TaskModule};
use crate::settings::{Defaults, WorkerSettings, processors};
use crate::stats::Counters;
use crate::workers::Workers;

/// Builds a [`ProcessPool`].
#[derive(Clone)]
pub struct ProcessPoolBuilder<M> {
    module: M,
    settings: WorkerSettings,
    isolation: Isolation,
    reuse_memory_bytes: usize,
    initializer: Option<Unchecked>,
    initialize_each: bool,
    limits: Limits,
}

/// Memory does not shrink: what one task needed, an idle worker would keep.
const REUSE_MEMORY_BYTES: usize = 64 << 20;

type Find = dyn Fn(&TaskModule) -> Result<Entry, LoadError> + Send + Sync;

/// An initializer that was not yet looked for in the module.
#[derive(Clone)]
struct Unchecked {
    name: String,
    find: Arc<Find>,
    arguments: Result<Arguments<'static>, String>,
}

impl<M> ProcessPoolBuilder<M>
where
    M: TryInto<TaskModule>,
    BuildError: From<M::Error>,
{
    pub(crate) fn new(module: M) -> Self {
        Self {
            module,
            settings: WorkerSettings::default(),
            isolation: Isolation::Fresh,
            reuse_memory_bytes: REUSE_MEMORY_BYTES,
            initializer: None,
            initialize_each: false,
            limits: Limits::new(),
        }
    }

    /// Sets the largest number of workers. Default: the number of processors that this process may
    /// use, by its affinity and its cgroup's quota.
    #[must_use]
    pub fn workers(mut self, workers: usize) -> Self {
        self.settings.workers = Some(workers);
        self
    }

    /// Sets the names of the worker threads, to which `_0`, `_1` ... is added. Default: `processes-`
    /// and a number that no other pool has. Linux shows 15 bytes of a thread's name.
    #[must_use]
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.settings.name = Some(name.into());
        self
    }

    /// Sets how many tasks may wait in the queue. Default: any number. When it is full,
    /// [`submit`](ProcessPool::submit) waits and [`try_submit`](ProcessPool::try_submit) gives the
    /// arguments back.
    #[must_use]
    pub fn queue(mut self, tasks: usize) -> Self {
        self.settings.queue = Some(tasks);
        self
    }

    /// Sets the limits of tasks that are not submitted [with](ProcessPool::with) their own. Default:
    /// [`Limits::new`].
    #[must_use]
    pub fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// Sets whether tasks share sandboxes. Default: [`Isolation::Fresh`], they do not.
    #[must_use]
    pub fn isolation(mut self, isolation: Isolation) -> Self {
        self.isolation = isolation;
        self
    }

    /// Sets how large the memory of a sandbox may be, in bytes, to be used again with
    /// [`Isolation::Reuse`]: one that has grown beyond is thrown away after its task. Default: 64 MiB.
    #[must_use]
    pub fn reuse_memory_bytes(mut self, bytes: usize) -> Self {
        self.reuse_memory_bytes = bytes;
        self
    }

    /// Has a task run before all others, to prepare what the memory of sandboxes holds. Its result is
    /// dropped.
    ///
    /// It runs once, in [`build`](Self::build), within the pool's [limits](Self::limits). What it leaves in the
    /// memory of its sandbox is written into the module, and that is compiled: [`TaskModule::snapshot`].
    /// All sandboxes begin with that memory, as processes do that are forked: a page of it is copied when a task
    /// writes to it. `build` takes as long as both take; a time limit bounds the one, and
    /// [`LoadLimits::compile_time`](crate::LoadLimits::compile_time) the other.
    ///
    /// Where that cannot be, it runs in every new sandbox before its first task, which with
    /// [`Isolation::Fresh`] is before every task: if the module imports a clock, randomness or WASI, if it has
    /// instructions that change tables, or if the task does not end well within the pool's limits.
    /// [`PoolStats::initialization`](crate::PoolStats::initialization) says which it is. Then it runs
    /// within the limits of the task that the sandbox is for, on that task's time. Where one
    /// of them ends it, or that task's cancellation, it is that task's error. Where it fails, panics
    /// or traps, the pool is broken: that task and what waits end as
    /// [`Broken`](crate::TaskErrorKind::Broken) with the reason, submitting is an error, tasks that
    /// run in other sandboxes are finished.
    #[must_use]
    pub fn initializer<T: Task>(self, task: T, args: T::Args) -> Self {
        let _ = task;
        let find = |module: &TaskModule| module.typed_entry::<T>();
        self.with_initializer(T::RECORD.name, find, T::encode(&args))
    }

    /// Has the task of this name run as [`initializer`](Self::initializer) does, with arguments as JSON
    /// text: see [`ProcessPool::submit_json`].
    #[must_use]
    pub fn initializer_json(self, task: &str, json: impl Into<String>) -> Self {
        let name = task.to_owned();
        let find = move |module: &TaskModule| module.entry(&name);
        let arguments = Arguments::Encoded(Encoding::Json, json.into().into_bytes().into());
        self.with_initializer(task, find, Ok(arguments))
    }

    /// Sets whether the initializer runs in every new sandbox, even where once would do: for one that must not
    /// be shared, or that may not end. Default: it does not.
    #[must_use]
    pub fn initialize_each(mut self, each: bool) -> Self {
        self.initialize_each = each;
        self
    }

    fn with_initializer(
        mut self,
        name: &str,
        find: impl Fn(&TaskModule) -> Result<Entry, LoadError> + Send + Sync + 'static,
        arguments: Encoded<'_>,
    ) -> Self {
        self.initializer = Some(Unchecked {
            name: name.to_owned(),
            find: Arc::new(find),
            arguments: arguments
                .map(Arguments::into_owned)
                .map_err(|error| error.to_string()),
        });
        self
    }

    /// Has `start` called on every worker thread when it starts, with the worker's number, from 0. A
    /// panic in it is reported by the panic hook and has no further effect.
    #[must_use]
    pub fn on_thread_start(mut self, start: impl Fn(usize) + Send + Sync + 'static) -> Self {
        self.settings.on_thread_start = Some(Arc::new(start));
        self
    }

    /// Has `stop` called on every worker thread when it ends, with the worker's number, after its
    /// sandbox is gone. A panic in it is reported by the panic hook and has no further effect.
    #[must_use]
    pub fn on_thread_stop(mut self, stop: impl Fn(usize) + Send + Sync + 'static) -> Self {
        self.settings.on_thread_stop = Some(Arc::new(stop));
        self
    }

    /// Creates the pool. Loads the module if it was given as bytes; starts no worker.
    ///
    /// # Errors
    ///
    /// - [`BuildError::NoWorkers`], [`BuildError::NoQueue`]: the number of workers, or of places in the
    ///   queue, is zero;
    /// - [`BuildError::Name`]: the name has a NUL byte;
    /// - [`BuildError::Load`]: the module cannot be loaded, or does not have the
    ///   [initializer](Self::initializer), or with other types, or is a program and has one;
    /// - [`BuildError::Initializer`]: the initializer's arguments cannot be encoded;
    /// - [`BuildError::NotMetered`]: there is a limit for fuel, and the module does not count it;
    /// - [`BuildError::TooManyWorkers`]: the module does not have so many
    ///   [sandboxes](crate::TaskModuleBuilder::sandboxes) left;
    /// - [`BuildError::TooManyMappings`]: the system does not let this process map as much memory as so many
    ///   workers may need.
    pub fn build(self) -> Result<ProcessPool, BuildError> {
        /// For the code around the wasm: decoding a result, up to 128 levels deep.
        const HOST_STACK_BYTES: usize = 2 << 20;
        let module: TaskModule = self.module.try_into()?;
        if self.limits.fuel.is_some() && !module.counts_fuel() {
            return Err(BuildError::NotMetered);
        }
        let defaults = Defaults {
            workers: processors,
            name: "processes",
            stack_bytes: NESTED * (module.stack_bytes() + HOST_STACK_BYTES),
        };
        let initializer = self
            .initializer
            .map(|initializer| initializer.check(&module))
            .transpose()?;
        let snapshot = match &initializer {
            Some(initializer) if !self.initialize_each => {
                let snapshot = module.snapshot_after(initializer, &self.limits).ok();
                snapshot.and_then(|wasm| module.load_snapshot(wasm, &self.limits).ok())
            }
            _ => None,
        };
        let (module, initializer, initialization) = match (snapshot, initializer) {
            (Some(snapshot), _) => (snapshot, None, Some(Initialization::Once)),
            (None, None) => (module, None, None),
            (None, each) => (module, each, Some(Initialization::EachSandbox)),
        };
        let (running, counters) = (Arc::<Running>::default(), Arc::<Counters>::default());
        let plan = Arc::new(Plan {
            module: module.clone(),
            limits: self.limits,
            isolation: self.isolation,
            reuse_memory_bytes: self.reuse_memory_bytes,
            initializer,
            counters: Arc::clone(&counters),
        });
        let callers = Callers::new(Arc::clone(&plan), Arc::clone(&running));
        let reserved = Arc::new(OnceLock::new());
        let worker = {
            let (running, reserved) = (Arc::clone(&running), Arc::clone(&reserved));
            move |_| {
                // Lives as long as a worker may use them.
                let _ = &reserved;
                Ok(Worker::new(Arc::clone(&plan), &running))
            }
        };
        let settings = self.settings.check(&defaults, worker)?;
        let requested = settings.workers.get();
        let sandboxes = module.reserve(requested);
        let sandboxes = sandboxes.map_err(|no_room| match no_room {
            NoRoom::Sandboxes { available } => BuildError::TooManyWorkers {
                requested,
                available,
            },
            NoRoom::Mappings(too_many) => BuildError::TooManyMappings {
                requested,
                available: too_many.available,
                limit: too_many.limit,
            },
        })?;
        let _ = reserved.set(sandboxes);
        panic_place::install();
        let workers = Workers::new(settings);
        let tasks = Tasks {
            queue: workers.queue().clone(),
            module,
            running,
            counters,
            callers,
            initialization,
        };
        Ok(ProcessPool {
            workers,
            tasks: Arc::new(tasks),
        })
    }
}

impl Unchecked {
    fn check(self, module: &TaskModule) -> Result<Initializer, BuildError> {
        if module.is_program() {
            let reason = "a program has a sandbox for itself alone, and so no initializer";
            return Err(LoadError::Settings(reason.to_owned()).into());
        }
        Ok(Initializer {
            entry: (self.find)(module)?,
            arguments: self.arguments.map_err(BuildError::Initializer)?,
            name: self.name,
        })
    }
}

impl<M: fmt::Debug> fmt::Debug for ProcessPoolBuilder<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let initializer = self
            .initializer
            .as_ref()
            .map(|initializer| &initializer.name);
        f.debug_struct("ProcessPoolBuilder")
            .field("module", &self.module)
            .field("settings", &self.settings)
            .field("isolation", &self.isolation)
            .field("reuse_memory_bytes", &self.reuse_memory_bytes)
            .field("initializer", &initializer)
            .field("initialize_each", &self.initialize_each)
            .field("limits", &self.limits)
            .finish()
    }
}

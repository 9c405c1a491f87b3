//! Tasks in sandboxed processes.

use std::num::NonZeroUsize;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use sandpool_abi::codec::{self, CodecError};
use sandpool_abi::{Arguments, Encoding, Reply, Task};

use crate::completion::{Promise, Stop, TaskName};
use crate::error::{BuildError, LoadError, SubmitError, SubmitErrorKind, TaskErrorKind};
use crate::handle::TaskHandle;
use crate::limits::Limits;
use crate::map::Map;
use crate::panic_place;
use crate::sandbox::{self, Entry, Fault, Interrupt, Reservation, TaskModule, WASM_STACK_BYTES};
use crate::thread_pool::processors;
use crate::workers::{Busy, Job, Settings, Shutdown, Workers};

/// A pool of sandboxed processes for CPU-bound tasks, and for anything that is not trusted.
///
/// A process is a wasm instance with a memory of its own, inside this operating system process. It
/// lives for one task: every task starts with the module's initial memory and leaves nothing behind.
/// It has no access to files, network, environment, clock, or anything else that it was not given as
/// an argument. A crash in it ends its task, with an error that says how; the pool goes on. What it is
/// not: a second machine. It shares the host's address space behind the engine's checks, and an abort
/// of the host takes it along.
///
/// Workers are threads; they are started when there is work and none is idle, up to the pool's limit,
/// and stay. Dropping the pool finishes what was submitted and waits for it, so a task that never ends
/// needs a [timeout](Limits::timeout) or a [`cancel`](TaskHandle::cancel).
#[derive(Debug)]
#[doc(alias = "ProcessPoolExecutor")]
#[doc(alias = "InterpreterPoolExecutor")]
#[doc(alias = "Executor")]
pub struct ProcessPool {
    // Before the reservation: workers use sandboxes until they have exited.
    workers: Workers<Worker>,
    module: TaskModule,
    _sandboxes: Reservation,
}

/// What a worker thread knows.
#[derive(Debug)]
struct Worker {
    module: TaskModule,
    limits: Limits,
}

impl ProcessPool {
    /// Creates a pool with the defaults: one worker per processor, the default [`Limits`]. Loads the
    /// module if it is given as bytes; starts no worker.
    ///
    /// # Errors
    ///
    /// [`BuildError::Load`] if the module cannot be loaded, [`BuildError::TooManyWorkers`] if other
    /// pools use up the sandboxes of a module that they share.
    pub fn new<M>(module: M) -> Result<Self, BuildError>
    where
        M: TryInto<TaskModule>,
        BuildError: From<M::Error>,
    {
        Self::builder(module).build()
    }

    /// Returns a builder with the defaults.
    pub fn builder<M>(module: M) -> ProcessPoolBuilder<M>
    where
        M: TryInto<TaskModule>,
        BuildError: From<M::Error>,
    {
        ProcessPoolBuilder {
            module,
            workers: None,
            name: None,
            limits: Limits::new(),
        }
    }

    /// Queues a task and returns its handle. Never waits. Arguments that cannot be encoded are the
    /// task's error, not this call's.
    ///
    /// # Errors
    ///
    /// - [`Task`](SubmitErrorKind::Task): the pool's module does not have the task, or with other
    ///   types;
    /// - [`ShutDown`](SubmitErrorKind::ShutDown) after [`shutdown`](Self::shutdown);
    /// - [`Thread`](SubmitErrorKind::Thread) when not even the first worker can be started.
    ///
    /// The error gives the arguments back.
    pub fn submit<T: Task>(
        &self,
        task: T,
        args: T::Args,
    ) -> Result<TaskHandle<T::Output>, SubmitError<T::Args>> {
        let _ = task;
        let entry = match self.module.typed_entry::<T>() {
            Ok(entry) => entry,
            Err(error) => return Err(SubmitError::new(SubmitErrorKind::Task(error), args)),
        };
        let encode = |args: &T::Args| T::encode(args);
        self.queue(T::RECORD.name.into(), entry, args, encode, T::decode)
    }

    /// Queues a task for every input and returns the results in the order of the inputs. All inputs
    /// are taken now: an iterator without end has no place here.
    ///
    /// # Errors
    ///
    /// As [`submit`](Self::submit); what was queued before is cancelled.
    pub fn map<T: Task>(
        &self,
        task: T,
        inputs: impl IntoIterator<Item = T::Args>,
    ) -> Result<Map<T::Output>, SubmitError> {
        // Without inputs, too, the task has to be there.
        if let Err(error) = self.module.check(task) {
            return Err(SubmitError::new(SubmitErrorKind::Task(error), ()));
        }
        Map::submit(inputs, |args| {
            self.submit(task, args).map_err(|error| error.map(drop))
        })
    }

    /// Queues the task of this name with arguments as JSON text; the result is JSON text, too.
    ///
    /// The arguments are one JSON value: that of the parameter for one, an array for several, `null`
    /// for none. They are parsed in the sandbox; what does not fit the task's types is the task's
    /// [`BadArguments`](TaskErrorKind::BadArguments). The result comes from the sandbox as it is: if
    /// the module is not trusted, it need not be JSON.
    ///
    /// # Errors
    ///
    /// As [`submit`](Self::submit).
    pub fn submit_json(
        &self,
        task: &str,
        json: impl Into<String>,
    ) -> Result<TaskHandle<String>, SubmitError<String>> {
        let json = json.into();
        let entry = match self.module.entry(task) {
            Ok(entry) => entry,
            Err(error) => return Err(SubmitError::new(SubmitErrorKind::Task(error), json)),
        };
        let encode = |json: &String| {
            let bytes = json.as_bytes().to_vec();
            Ok(Arguments::Encoded(Encoding::Json, bytes))
        };
        let decode = |reply: Reply<'_>| match std::str::from_utf8(encoded(reply)?) {
            Ok(text) => Ok(text.to_owned()),
            Err(error) => Err(CodecError::new(error.to_string())),
        };
        self.queue(task.to_owned().into(), entry, json, encode, decode)
    }

    /// Queues the task of this name that takes bytes (`&[u8]` or `Vec<u8>`) and returns bytes.
    ///
    /// # Errors
    ///
    /// As [`submit`](Self::submit); [`Task`](SubmitErrorKind::Task) also for a task that takes or
    /// returns something else.
    pub fn submit_bytes(
        &self,
        task: &str,
        bytes: impl Into<Vec<u8>>,
    ) -> Result<TaskHandle<Vec<u8>>, SubmitError<Vec<u8>>> {
        let bytes = bytes.into();
        let entry = match self.bytes_entry(task) {
            Ok(entry) => entry,
            Err(error) => return Err(SubmitError::new(SubmitErrorKind::Task(error), bytes)),
        };
        let encode = |bytes: &Vec<u8>| {
            let bytes = codec::encode(codec::Bytes::new(bytes))?;
            Ok(Arguments::Encoded(Encoding::Postcard, bytes))
        };
        let decode = |reply: Reply<'_>| {
            let bytes: codec::ByteBuf = codec::decode(encoded(reply)?)?;
            Ok(bytes.into_vec())
        };
        self.queue(task.to_owned().into(), entry, bytes, encode, decode)
    }

    fn bytes_entry(&self, name: &str) -> Result<&Entry, LoadError> {
        const BYTES: &str = "Vec<u8>";
        let entry = self.module.entry(name)?;
        let info = self.module.task(entry);
        let takes_bytes = matches!(info.parameters(), [one] if one.schema == BYTES);
        if takes_bytes && info.output() == BYTES {
            return Ok(entry);
        }
        Err(LoadError::Signature {
            expected: format!("{name}(bytes: {BYTES}) -> {BYTES}"),
            found: info.to_string(),
        })
    }

    fn queue<A, R: Send + 'static>(
        &self,
        name: TaskName,
        entry: &Entry,
        args: A,
        encode: impl FnOnce(&A) -> Result<Arguments, CodecError>,
        decode: impl FnOnce(Reply<'_>) -> Result<R, CodecError> + Send + 'static,
    ) -> Result<TaskHandle<R>, SubmitError<A>> {
        let promise = Promise::new(name);
        let completion = promise.completion();
        let arguments = match encode(&args) {
            Ok(arguments) => arguments,
            Err(error) => {
                let kind = TaskErrorKind::BadArguments(error.to_string());
                let error = promise.error(kind, Vec::new());
                promise.complete(Err(error));
                return Ok(TaskHandle { completion });
            }
        };
        let entry = entry.clone();
        let queued = self.workers.submit(promise, |promise| {
            Box::new(move |worker: &mut Worker, busy: Busy<'_>| {
                worker.run(&entry, &arguments, decode, promise, busy);
            }) as Job<Worker>
        });
        match queued {
            Ok(()) => Ok(TaskHandle { completion }),
            Err((kind, _promise)) => Err(SubmitError::new(kind, args)),
        }
    }

    /// Accepts no more tasks, and returns when all that were accepted have ended as `how` says and
    /// the workers have exited. Shutting down again waits, too.
    ///
    /// A task that runs is waited for; cancel it, or give it a [timeout](Limits::timeout).
    pub fn shutdown(&self, how: Shutdown) {
        self.workers.shut_down(how);
    }

    /// Returns the pool's module.
    #[must_use]
    pub fn module(&self) -> &TaskModule {
        &self.module
    }

    /// Returns how many workers the pool may have.
    #[must_use]
    #[doc(alias = "max_workers")]
    pub fn workers(&self) -> usize {
        self.workers.max().get()
    }
}

fn encoded(reply: Reply<'_>) -> Result<&[u8], CodecError> {
    match reply {
        Reply::Encoded(bytes) => Ok(bytes),
        Reply::Scalar(_) => Err(CodecError::new("a scalar came for an encoded result")),
    }
}

impl Worker {
    fn run<R>(
        &self,
        entry: &Entry,
        arguments: &Arguments,
        decode: impl FnOnce(Reply<'_>) -> Result<R, CodecError>,
        promise: Promise<R>,
        busy: Busy<'_>,
    ) {
        let interrupt = Interrupt::new(&self.module);
        let stop: Arc<dyn Stop> = interrupt.clone();
        if !promise.claim(Some(stop)) {
            return;
        }
        let run = || {
            let (module, limits) = (&self.module, &self.limits);
            sandbox::run(module, entry, arguments, limits, &interrupt, decode)
        };
        // The engine does not panic, but decoding runs the `Deserialize` of the result's type.
        let outcome = catch_unwind(AssertUnwindSafe(run)).unwrap_or_else(|payload| {
            let panic = panic_place::panic_of(&*payload);
            Err(TaskErrorKind::Panicked(panic).into())
        });
        let outcome = outcome.map_err(|Fault { kind, backtrace }| promise.error(kind, backtrace));
        drop(busy);
        promise.complete(outcome);
    }
}

/// Builds a [`ProcessPool`].
#[derive(Clone, Debug)]
pub struct ProcessPoolBuilder<M> {
    module: M,
    workers: Option<usize>,
    name: Option<String>,
    limits: Limits,
}

impl<M> ProcessPoolBuilder<M>
where
    M: TryInto<TaskModule>,
    BuildError: From<M::Error>,
{
    /// Sets the largest number of workers. Default: the number of processors that this process may
    /// use, by its affinity and its cgroup's quota.
    #[must_use]
    pub fn workers(mut self, workers: usize) -> Self {
        self.workers = Some(workers);
        self
    }

    /// Sets the names of the worker threads, to which `_0`, `_1` ... is added. Default: `processes-`
    /// and the number of the pool. Linux shows 15 bytes of a thread's name.
    #[must_use]
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// Sets the limits of every task. Default: [`Limits::new`].
    #[must_use]
    pub fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// Creates the pool. Loads the module if it was given as bytes; starts no worker.
    ///
    /// # Errors
    ///
    /// - [`BuildError::NoWorkers`]: the number of workers is zero;
    /// - [`BuildError::Load`]: the module cannot be loaded;
    /// - [`BuildError::TooManyWorkers`]: the module does not have so many sandboxes left. It has 64,
    ///   or four times the number of processors if that is more.
    pub fn build(self) -> Result<ProcessPool, BuildError> {
        static POOLS: AtomicUsize = AtomicUsize::new(0);
        /// For the code around the wasm: decoding a result, up to 128 levels deep.
        const HOST_STACK_BYTES: usize = 2 << 20;
        let workers = self.workers.unwrap_or_else(processors);
        let workers = NonZeroUsize::new(workers).ok_or(BuildError::NoWorkers)?;
        let module: TaskModule = self.module.try_into()?;
        let sandboxes =
            module
                .reserve(workers.get())
                .map_err(|available| BuildError::TooManyWorkers {
                    requested: workers.get(),
                    available,
                })?;
        panic_place::install();
        let (shared, limits) = (module.clone(), self.limits);
        Ok(ProcessPool {
            workers: Workers::new(Settings {
                workers,
                name: self.name.unwrap_or_else(|| {
                    format!("processes-{}", POOLS.fetch_add(1, Ordering::Relaxed))
                }),
                stack_bytes: WASM_STACK_BYTES + HOST_STACK_BYTES,
                start: Box::new(move || Worker {
                    module: shared.clone(),
                    limits: limits.clone(),
                }),
            }),
            module,
            _sandboxes: sandboxes,
        })
    }
}

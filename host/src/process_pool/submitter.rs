//! From arguments to a queued job, with the limits that hold for it.

use std::sync::{Arc, Weak};
use std::time::Duration;

use sandpool_abi::codec::{self, CodecError};
use sandpool_abi::{Arguments, Encoding, Reply, Task};

use crate::completion::{Completion, TaskName};
use crate::error::{LoadError, SubmitError, SubmitErrorKind, TaskErrorKind};
use crate::handle::TaskHandle;
use crate::limits::{Due, Limits};
use crate::map::Map;
use crate::process_pool::{ProcessPool, Worker};
use crate::promise::Promise;
use crate::sandbox::{Armed, Entry};
use crate::workers::{Busy, Job, Patience};

/// Submits tasks to a [`ProcessPool`] with limits of their own. From [`ProcessPool::with`].
#[derive(Clone, Debug)]
pub struct Submitter<'a> {
    pool: &'a ProcessPool,
    limits: Limits,
}

impl<'a> Submitter<'a> {
    pub(crate) fn new(pool: &'a ProcessPool, limits: Limits) -> Self {
        Self { pool, limits }
    }

    /// Queues a task: see [`ProcessPool::submit`].
    ///
    /// # Errors
    ///
    /// As [`ProcessPool::submit`].
    pub fn submit<T: Task>(
        &self,
        task: T,
        args: T::Args,
    ) -> Result<TaskHandle<T::Output>, SubmitError<T::Args>> {
        self.typed(task, args, Patience::Endless)
    }

    /// Queues a task if the queue has room: see [`ProcessPool::try_submit`].
    ///
    /// # Errors
    ///
    /// As [`ProcessPool::try_submit`].
    pub fn try_submit<T: Task>(
        &self,
        task: T,
        args: T::Args,
    ) -> Result<TaskHandle<T::Output>, SubmitError<T::Args>> {
        self.typed(task, args, Patience::None)
    }

    /// Queues a task if the queue has room in time: see [`ProcessPool::submit_timeout`].
    ///
    /// # Errors
    ///
    /// As [`ProcessPool::try_submit`].
    pub fn submit_timeout<T: Task>(
        &self,
        task: T,
        args: T::Args,
        timeout: Duration,
    ) -> Result<TaskHandle<T::Output>, SubmitError<T::Args>> {
        self.typed(task, args, Patience::of(timeout))
    }

    /// Queues a task for every input: see [`ProcessPool::map`].
    ///
    /// # Errors
    ///
    /// As [`ProcessPool::submit`].
    pub fn map<T: Task>(
        &self,
        task: T,
        inputs: impl IntoIterator<Item = T::Args>,
    ) -> Result<Map<T::Output>, SubmitError> {
        // Without inputs, too, the task has to be there.
        if let Err(error) = self.pool.module().check(task) {
            return Err(SubmitError::new(SubmitErrorKind::Task(error), ()));
        }
        Map::submit(inputs, |args| {
            self.submit(task, args).map_err(|error| error.map(drop))
        })
    }

    /// Queues the task of this name with JSON: see [`ProcessPool::submit_json`].
    ///
    /// # Errors
    ///
    /// As [`ProcessPool::submit`].
    pub fn submit_json(
        &self,
        task: &str,
        json: impl Into<String>,
    ) -> Result<TaskHandle<String>, SubmitError<String>> {
        let json = json.into();
        let entry = match self.pool.module().entry(task) {
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
        let name = task.to_owned().into();
        self.queue(name, entry, json, encode, decode, Patience::Endless)
    }

    /// Queues the task of this name with bytes: see [`ProcessPool::submit_bytes`].
    ///
    /// # Errors
    ///
    /// As [`ProcessPool::submit_bytes`].
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
        let name = task.to_owned().into();
        self.queue(name, entry, bytes, encode, decode, Patience::Endless)
    }

    fn typed<T: Task>(
        &self,
        task: T,
        args: T::Args,
        patience: Patience,
    ) -> Result<TaskHandle<T::Output>, SubmitError<T::Args>> {
        let _ = task;
        let entry = match self.pool.module().typed_entry::<T>() {
            Ok(entry) => entry,
            Err(error) => return Err(SubmitError::new(SubmitErrorKind::Task(error), args)),
        };
        let encode = |args: &T::Args| T::encode(args);
        let name = T::RECORD.name.into();
        self.queue(name, entry, args, encode, T::decode, patience)
    }

    fn bytes_entry(&self, name: &str) -> Result<&'a Entry, LoadError> {
        const BYTES: &str = "Vec<u8>";
        let module = self.pool.module();
        let entry = module.entry(name)?;
        let info = module.task(entry);
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
        patience: Patience,
    ) -> Result<TaskHandle<R>, SubmitError<A>> {
        let counters = &self.pool.counters;
        let arguments = match encode(&args) {
            Ok(arguments) => arguments,
            Err(error) => {
                let promise = Promise::new(name, counters);
                let completion = promise.completion();
                let kind = TaskErrorKind::BadArguments(error.to_string());
                let error = promise.error(kind, Vec::new());
                promise.complete(Err(error), ());
                return Ok(TaskHandle { completion });
            }
        };
        let limits = self.limits.clone();
        let due = limits.deadline.and_then(Due::after);
        let queued = self.pool.workers.submit(args, patience, |_| {
            let promise = Promise::new(name, counters);
            let completion = promise.completion();
            let expire = |due| {
                let task: Weak<Completion<R>> = Arc::downgrade(&completion);
                self.pool.module().expire(due, task)
            };
            let call = Call {
                entry: entry.clone(),
                arguments,
                limits,
                due,
                _expiry: due.and_then(expire),
            };
            let job: Job<Worker> = Box::new(move |worker: &Worker, busy: Busy<'_>| {
                worker.run(call, decode, promise, busy);
            });
            (job, completion)
        });
        match queued {
            Ok((queued, completion)) => {
                completion.set_queued(queued);
                Ok(TaskHandle { completion })
            }
            Err((kind, args)) => Err(SubmitError::new(kind, args)),
        }
    }
}

/// One call of a task.
pub(crate) struct Call {
    pub(crate) entry: Entry,
    pub(crate) arguments: Arguments,
    pub(crate) limits: Limits,
    /// When the time since the submission is up.
    pub(crate) due: Option<Due>,
    /// Ends the task then if it still waits.
    _expiry: Option<Armed>,
}

fn encoded(reply: Reply<'_>) -> Result<&[u8], CodecError> {
    match reply {
        Reply::Encoded(bytes) => Ok(bytes),
        Reply::Scalar(_) => Err(CodecError::new("a scalar came for an encoded result")),
    }
}

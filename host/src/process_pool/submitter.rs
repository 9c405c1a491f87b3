//! From arguments to a queued job, with the limits that hold for it.

use std::sync::Arc;
use std::time::Duration;

use sandpool_abi::codec::{self, CodecError};
use sandpool_abi::{Arguments, Encoding, Reply, Task};

use crate::completion::TaskName;
use crate::error::{LoadError, SubmitError, SubmitErrorKind};
use crate::handle::TaskHandle;
use crate::limits::Limits;
use crate::map::Map;
use crate::map_options::MapOptions;
use crate::map_with::MapWith;
use crate::process_pool::ProcessPool;
use crate::process_pool::process_scope::{self, ProcessScope};
use crate::process_pool::tasks::Target;
use crate::queue::Patience;
use crate::sandbox::Entry;

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

    /// Queues tasks for inputs as the options say: see [`ProcessPool::map_with`].
    ///
    /// # Errors
    ///
    /// As [`ProcessPool::map_with`].
    pub fn map_with<'i, T, I>(
        &self,
        task: T,
        inputs: I,
        options: MapOptions,
    ) -> Result<MapWith<'i, T::Output>, SubmitError>
    where
        T: Task,
        I: IntoIterator<Item = T::Args>,
        I::IntoIter: Send + 'i,
    {
        let _ = task;
        let entry = match self.pool.module().typed_entry::<T>() {
            Ok(entry) => entry,
            Err(error) => return Err(SubmitError::new(SubmitErrorKind::Task(error), ())),
        };
        let target = self.target(T::RECORD.name, entry, T::decode);
        let tasks = Arc::downgrade(&self.pool.tasks);
        options.start(
            inputs.into_iter().map(|args| T::encode(&args)),
            self.pool.workers(),
            move |chunk, patience, report| match tasks.upgrade() {
                Some(tasks) => tasks.submit_chunk(target.clone(), chunk, patience, report),
                None => Err((SubmitErrorKind::ShutDown, chunk)),
            },
        )
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
        let arguments = Arguments::Encoded(Encoding::Json, json.as_bytes().to_vec());
        let decode = |reply: Reply<'_>| match std::str::from_utf8(encoded(reply)?) {
            Ok(text) => Ok(text.to_owned()),
            Err(error) => Err(CodecError::new(error.to_string())),
        };
        let target = self.target(task.to_owned(), entry, decode);
        let tasks = &self.pool.tasks;
        tasks.submit(target, json, Ok(arguments), Patience::Endless)
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
        let arguments = codec::encode(codec::Bytes::new(&bytes))
            .map(|bytes| Arguments::Encoded(Encoding::Postcard, bytes));
        let decode = |reply: Reply<'_>| {
            let bytes: codec::ByteBuf = codec::decode(encoded(reply)?)?;
            Ok(bytes.into_vec())
        };
        let target = self.target(task.to_owned(), entry, decode);
        let tasks = &self.pool.tasks;
        tasks.submit(target, bytes, arguments, Patience::Endless)
    }

    /// Calls `body` with a scope whose tasks have these limits: see [`ProcessPool::scope`].
    ///
    /// # Errors
    ///
    /// That of `body`.
    ///
    /// # Panics
    ///
    /// If `body` does.
    pub fn scope<R, E>(
        &self,
        body: impl FnOnce(&ProcessScope<'a>) -> Result<R, E>,
    ) -> Result<R, E> {
        process_scope::scope(self.clone(), body)
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
        let target = self.target(T::RECORD.name, entry, T::decode);
        let arguments = T::encode(&args);
        self.pool.tasks.submit(target, args, arguments, patience)
    }

    fn target<D>(&self, name: impl Into<TaskName>, entry: &Entry, decode: D) -> Target<D> {
        Target {
            name: name.into(),
            entry: entry.clone(),
            limits: self.limits.clone(),
            decode,
        }
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
}

fn encoded(reply: Reply<'_>) -> Result<&[u8], CodecError> {
    match reply {
        Reply::Encoded(bytes) => Ok(bytes),
        Reply::Scalar(_) => Err(CodecError::new("a scalar came for an encoded result")),
    }
}

//! From arguments to a queued job, with the limits that hold for it.

use std::borrow::Cow;
use std::cell::Cell;
use std::sync::Arc;
use std::time::Duration;

use sandpool_abi::codec::CodecError;
use sandpool_abi::{Arguments, Encoding, Reply, Task};

use crate::error::{CallError, LoadError, SubmitError, SubmitErrorKind};
use crate::handle::TaskHandle;
use crate::limits::Limits;
use crate::map::Map;
use crate::map_options::MapOptions;
use crate::map_with::MapWith;
use crate::process_pool::ProcessPool;
use crate::process_pool::process_scope::{self, ProcessScope};
use crate::process_pool::tasks::{Callee, Encoded, Target};
use crate::queue::Patience;
use crate::sandbox::Entry;

/// Submits tasks to a [`ProcessPool`] with limits of their own. From [`ProcessPool::with`].
#[derive(Clone, Debug)]
pub struct Submitter<'a> {
    pool: &'a ProcessPool,
    /// Borrowed from the pool where they are its own.
    limits: Cow<'a, Limits>,
}

impl<'a> Submitter<'a> {
    pub(crate) fn new(pool: &'a ProcessPool, limits: Cow<'a, Limits>) -> Self {
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

    /// Runs a task on this thread: see [`ProcessPool::call`].
    ///
    /// # Errors
    ///
    /// As [`ProcessPool::call`].
    pub fn call<T: Task>(&self, task: T, args: T::Args) -> Result<T::Output, CallError<T::Args>> {
        self.call_here(task, args, T::decode, |value| value)
    }

    /// Runs a task on this thread, and has `read` look at the bytes of its result where they are: see
    /// [`ProcessPool::call_with`].
    ///
    /// # Errors
    ///
    /// As [`ProcessPool::call`].
    pub fn call_with<T: Task<Output = Vec<u8>>, R>(
        &self,
        task: T,
        args: T::Args,
        read: impl FnOnce(&[u8]) -> R,
    ) -> Result<R, CallError<T::Args>> {
        let read = Cell::new(Some(read));
        let read = |bytes: &[u8]| read.take().expect("there is one result")(bytes);
        let decode = |reply: Reply<'_>| reply.bytes().map(read);
        self.call_here(task, args, decode, |bytes| read(&bytes))
    }

    /// Runs a task on this thread, or has a worker do it. What is returned is made from what lies in the
    /// sandbox, or from the task's value.
    fn call_here<T: Task, R>(
        &self,
        task: T,
        args: T::Args,
        decode: impl Fn(Reply<'_>) -> Result<R, CodecError>,
        from_value: impl FnOnce(T::Output) -> R,
    ) -> Result<R, CallError<T::Args>> {
        let tasks = &self.pool.tasks;
        let refused = tasks
            .queue
            .closed()
            .or_else(|| tasks.check(&self.limits).err());
        if let Some(kind) = refused {
            return Err(SubmitError::new(kind, args).into());
        }
        let entry = match self.pool.module().typed_entry::<T>() {
            Ok(entry) => entry,
            Err(error) => return Err(SubmitError::new(SubmitErrorKind::Task(error), args).into()),
        };
        let callee = Callee {
            entry,
            limits: &self.limits,
            encode: T::encode,
            decode,
        };
        if let Some(outcome) = tasks.call(T::RECORD.name, callee, &args) {
            return Ok(outcome?);
        }
        Ok(from_value(self.submit(task, args)?.join()?))
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
        let target = self.target(entry, T::encode, T::decode);
        let tasks = Arc::downgrade(&self.pool.tasks);
        options.start(
            inputs.into_iter(),
            self.pool.workers(),
            move |chunk, patience, report| match tasks.upgrade() {
                Some(tasks) => {
                    let name = T::RECORD.name;
                    tasks.submit_chunk(name, target.clone(), chunk, patience, report)
                }
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
        let decode = |reply: Reply<'_>| match std::str::from_utf8(reply.encoded()?) {
            Ok(text) => Ok(text.to_owned()),
            Err(error) => Err(CodecError::new(error.to_string())),
        };
        let target = self.target(entry, encode_json, decode);
        let name = task.to_owned();
        self.pool
            .tasks
            .submit(name, target, json, Patience::Endless)
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
        let decode = |reply: Reply<'_>| reply.bytes().map(<[u8]>::to_vec);
        let target = self.target(entry, encode_bytes, decode);
        let name = task.to_owned();
        self.pool
            .tasks
            .submit(name, target, bytes, Patience::Endless)
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
        let target = self.target(entry, T::encode, T::decode);
        let tasks = &self.pool.tasks;
        tasks.submit(T::RECORD.name, target, args, patience)
    }

    fn target<A, D>(&self, entry: Entry, encode: fn(&A) -> Encoded<'_>, decode: D) -> Target<A, D> {
        Target {
            encode,
            entry,
            limits: match &self.limits {
                Cow::Borrowed(_) => None,
                Cow::Owned(limits) => Some(Box::new(limits.clone())),
            },
            decode,
        }
    }

    fn bytes_entry(&self, name: &str) -> Result<Entry, LoadError> {
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

fn encode_json(json: &String) -> Encoded<'_> {
    Ok(Arguments::Encoded(Encoding::Json, json.as_bytes().into()))
}

fn encode_bytes(bytes: &Vec<u8>) -> Encoded<'_> {
    Ok(Arguments::Bytes(bytes.into()))
}

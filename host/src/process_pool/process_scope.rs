//! Sandboxed tasks that end before a scope does.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::Arc;

use sandpool_abi::Task;

use crate::arrivals::Arrivals;
use crate::control::Cancel;
use crate::error::SubmitError;
use crate::handle::TaskHandle;
use crate::map::Map;
use crate::process_pool::Submitter;
use crate::sync::{self, Mutex};

/// Submits tasks that end before the scope does. From [`ProcessPool::scope`](crate::ProcessPool::scope).
pub struct ProcessScope<'pool> {
    submitter: Submitter<'pool>,
    arrivals: Arc<Arrivals>,
    tasks: Mutex<Submitted>,
}

#[derive(Default)]
struct Submitted {
    count: usize,
    /// Those that have not ended, and some that have.
    unfinished: Vec<Arc<dyn Cancel>>,
}

impl ProcessScope<'_> {
    /// Queues a task: see [`ProcessPool::submit`](crate::ProcessPool::submit).
    ///
    /// # Errors
    ///
    /// As [`ProcessPool::submit`](crate::ProcessPool::submit).
    pub fn submit<T: Task>(
        &self,
        task: T,
        args: T::Args,
    ) -> Result<TaskHandle<T::Output>, SubmitError<T::Args>> {
        let handle = self.submitter.submit(task, args)?;
        self.enter(&handle);
        Ok(handle)
    }

    /// Queues the task of this name with JSON: see
    /// [`ProcessPool::submit_json`](crate::ProcessPool::submit_json).
    ///
    /// # Errors
    ///
    /// As [`ProcessPool::submit_json`](crate::ProcessPool::submit_json).
    pub fn submit_json(
        &self,
        task: &str,
        json: impl Into<String>,
    ) -> Result<TaskHandle<String>, SubmitError<String>> {
        let handle = self.submitter.submit_json(task, json)?;
        self.enter(&handle);
        Ok(handle)
    }

    /// Queues the task of this name with bytes: see
    /// [`ProcessPool::submit_bytes`](crate::ProcessPool::submit_bytes).
    ///
    /// # Errors
    ///
    /// As [`ProcessPool::submit_bytes`](crate::ProcessPool::submit_bytes).
    pub fn submit_bytes(
        &self,
        task: &str,
        bytes: impl Into<Vec<u8>>,
    ) -> Result<TaskHandle<Vec<u8>>, SubmitError<Vec<u8>>> {
        let handle = self.submitter.submit_bytes(task, bytes)?;
        self.enter(&handle);
        Ok(handle)
    }

    /// Queues a task for every input and returns the results in the order of the inputs: see
    /// [`ProcessPool::map`](crate::ProcessPool::map).
    ///
    /// # Errors
    ///
    /// As [`ProcessPool::map`](crate::ProcessPool::map).
    pub fn map<T: Task>(
        &self,
        task: T,
        inputs: impl IntoIterator<Item = T::Args>,
    ) -> Result<Map<T::Output>, SubmitError> {
        let map = self.submitter.map(task, inputs)?;
        map.handles().for_each(|handle| self.enter(handle));
        Ok(map)
    }

    fn enter<T: Send + 'static>(&self, handle: &TaskHandle<T>) {
        let mut tasks = sync::lock(&self.tasks);
        tasks.count += 1;
        // Now and then, so that a long scope does not keep what has ended: half of the list at most.
        if tasks.unfinished.len() == tasks.unfinished.capacity() {
            tasks.unfinished.retain(|task| !task.is_finished());
            let len = tasks.unfinished.len();
            tasks.unfinished.reserve(len.max(16));
        }
        tasks.unfinished.push(handle.task.to_cancel());
        drop(tasks);
        handle.completion().report_to(&self.arrivals, 0);
    }
}

/// Calls `body` with a scope and waits until all that was submitted there has ended.
pub(crate) fn scope<'pool, R, E>(
    submitter: Submitter<'pool>,
    body: impl FnOnce(&ProcessScope<'pool>) -> Result<R, E>,
) -> Result<R, E> {
    let scope = ProcessScope {
        submitter,
        arrivals: Arc::default(),
        tasks: Mutex::default(),
    };
    let result = catch_unwind(AssertUnwindSafe(|| body(&scope)));
    let tasks = std::mem::take(&mut *sync::lock(&scope.tasks));
    for task in &tasks.unfinished {
        match result {
            Ok(Ok(_)) => Arc::clone(task).help(),
            Ok(Err(_)) | Err(_) => _ = task.cancel(),
        }
    }
    for _ in 0..tasks.count {
        scope.arrivals.next(None);
    }
    result.unwrap_or_else(|panic| resume_unwind(panic))
}

impl fmt::Debug for ProcessScope<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ProcessScope")
            .field("submitted", &sync::lock(&self.tasks).count)
            .finish_non_exhaustive()
    }
}

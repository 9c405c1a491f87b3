//! Workers and their queue, without the pool around them.

use std::num::NonZeroUsize;
use std::sync::Arc;

use crate::completion::Completion;
use crate::error::{SubmitErrorKind, TaskErrorKind};
use crate::handle::TaskHandle;
use crate::promise::{Promise, Submission};
use crate::queue::Patience;
use crate::slot::Turn;
use crate::stats::Counters;
use crate::task::TaskRef;
use crate::workers::{Settings, Shared, Workers};

pub(crate) fn workers(count: usize, queue: Option<usize>) -> Workers<()> {
    workers_that_start(count, queue, |_| Ok(()))
}

pub(crate) fn workers_that_start(
    count: usize,
    queue: Option<usize>,
    start: impl Fn(usize) -> Result<(), String> + Send + Sync + 'static,
) -> Workers<()> {
    Workers::new(Settings {
        workers: NonZeroUsize::new(count).unwrap(),
        name: "modelled".to_owned(),
        stack_bytes: 1 << 16,
        queue: queue.and_then(NonZeroUsize::new),
        start: Box::new(start),
        stop: Box::new(|_| ()),
    })
}

/// Submits a closure as a thread pool does; `None` where it is given back.
pub(crate) fn submit<T: Send + 'static>(
    workers: &Workers<()>,
    patience: Patience,
    closure: impl FnOnce() -> T + Send + 'static,
) -> Option<TaskHandle<T>> {
    submit_with_pool(workers, patience, |_| closure()).ok()
}

/// Submits a closure that is given what the workers share.
pub(crate) fn submit_with_pool<T: Send + 'static>(
    workers: &Workers<()>,
    patience: Patience,
    closure: impl FnOnce(&Shared<()>) -> T + Send + 'static,
) -> Result<TaskHandle<T>, SubmitErrorKind> {
    let counters = Arc::default();
    let task = (Submission::new("modelled"), &counters);
    let queued = workers
        .queue()
        .submit_task(closure, patience, task, |closure| {
            |turn: Turn<'_, ()>, promise: Promise<T>| match turn {
                Turn::Run { busy, pool, .. } if promise.claim(None) => {
                    promise.complete(Ok(closure(pool)), busy);
                }
                Turn::Run { .. } => {}
                Turn::Broken(reason) => promise.fail(TaskErrorKind::Broken(reason)),
            }
        });
    queued.map_err(|(kind, _)| kind)
}

/// Both ends of a task that is in no queue, and what they share.
pub(crate) struct Ends<T> {
    pub(crate) promise: Promise<T>,
    pub(crate) handle: TaskHandle<T>,
    pub(crate) completion: Arc<Completion<T>>,
}

impl<T> Ends<T> {
    pub(crate) fn new(submission: Submission, counters: &Arc<Counters>) -> Self {
        let completion = Arc::new(submission.completion(counters));
        let task = || TaskRef::without_job(Arc::clone(&completion));
        Self {
            promise: Promise::of(task()),
            handle: TaskHandle { task: task() },
            completion,
        }
    }
}

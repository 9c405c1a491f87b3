//! Workers and their queue, without the pool around them.

use std::num::NonZeroUsize;
use std::sync::Arc;

use crate::error::{SubmitErrorKind, TaskErrorKind};
use crate::handle::TaskHandle;
use crate::promise::{Promise, Submission};
use crate::queue::Patience;
use crate::slot::{Job, Turn};
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
    let queued = workers.queue().submit(closure, patience, |closure| {
        let promise = Submission::new("modelled").promise(&Arc::default());
        let completion = promise.completion();
        let job: Job<()> = Box::new(move |turn| match turn {
            Turn::Run { busy, pool, .. } if promise.claim(None) => {
                promise.complete(Ok(closure(pool)), busy);
            }
            Turn::Run { .. } => {}
            Turn::Broken(reason) => promise.fail(TaskErrorKind::Broken(reason)),
        });
        (job, completion)
    });
    let (queued, completion) = queued.map_err(|(kind, _)| kind)?;
    completion.set_queued(queued);
    Ok(TaskHandle { completion })
}

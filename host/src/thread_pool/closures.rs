//! From closures to queued jobs, and their run.

use std::sync::Arc;

use crate::cancel_token::CancelToken;
use crate::chunk::{self, Chunk, Refused};
use crate::completion::Outcome;
use crate::error::{SubmitError, TaskErrorKind};
use crate::handle::TaskHandle;
use crate::load::Busy;
use crate::panic_place;
use crate::progress::Report;
use crate::promise::{Promise, Submission};
use crate::queue::{Patience, Queue};
use crate::running::{Desk, Running};
use crate::slot::Turn;
use crate::stats::Counters;
use crate::trace::Trace;

/// Where closures are submitted.
pub(crate) struct Closures {
    pub(crate) queue: Queue<Desk>,
    pub(crate) running: Arc<Running>,
    pub(crate) counters: Arc<Counters>,
}

impl Closures {
    /// Queues what `call` makes of `closure`, which is given back if that cannot be. With a token the
    /// running task can be told that it is cancelled.
    pub(crate) fn submit<F, T>(
        &self,
        closure: F,
        patience: Patience,
        token: Option<CancelToken>,
        call: impl FnOnce(F) -> T + Send + 'static,
    ) -> Result<TaskHandle<T>, SubmitError<F>>
    where
        F: Send + 'static,
        T: Send + 'static,
    {
        let submission = Submission::new(std::any::type_name::<F>());
        let task = (submission, &self.counters);
        let queued = self.queue.submit_task(closure, patience, task, |closure| {
            |turn: Turn<'_, Desk>, promise| match turn {
                Turn::Run { own, busy, .. } => run(|| call(closure), promise, token, own, busy),
                Turn::Broken(reason) => promise.fail(TaskErrorKind::Broken(reason)),
            }
        });
        queued.map_err(|(kind, closure)| SubmitError::new(kind, closure))
    }

    /// Queues calls of `call` that one worker does one after the other. A cancelled chunk ends after
    /// the call that runs.
    pub(crate) fn submit_chunk<F, A, T>(
        &self,
        inputs: Vec<A>,
        patience: Patience,
        call: Arc<F>,
        report: Arc<Report>,
    ) -> Result<Chunk<T>, Refused<Vec<A>>>
    where
        F: Fn(A) -> T + Send + Sync + 'static,
        A: Send + 'static,
        T: Send + 'static,
    {
        let submission = Submission::of_chunk(std::any::type_name::<F>(), inputs.len());
        let task = (submission, &self.counters);
        self.queue.submit_task(inputs, patience, task, |inputs| {
            move |turn: Turn<'_, Desk>, promise: Promise<_>| match turn {
                Turn::Run { own, busy, .. } => {
                    run_chunk(inputs, &*call, promise, &report, own, busy);
                }
                Turn::Broken(reason) => promise.fail(TaskErrorKind::Broken(reason)),
            }
        })
    }
}

fn run<T: Send + 'static>(
    closure: impl FnOnce() -> T,
    promise: Promise<T>,
    token: Option<CancelToken>,
    desk: &Desk,
    busy: Busy<'_>,
) {
    match token {
        Some(token) => run_told(|_| closure(), promise, token, desk, busy),
        None if promise.claim(None) => run_claimed(closure, promise, busy, ()),
        None => {}
    }
}

/// Runs a closure that is told when its task is cancelled.
pub(crate) fn run_told<T: Send>(
    closure: impl FnOnce(&CancelToken) -> T,
    promise: Promise<T>,
    token: CancelToken,
    desk: &Desk,
    busy: Busy<'_>,
) {
    let stop = token.to_stop();
    if promise.claim(Some(Arc::clone(&stop))) {
        let entered = desk.enter(stop);
        run_claimed(|| closure(&token), promise, busy, entered);
    }
}

fn run_claimed<T>(
    closure: impl FnOnce() -> T,
    promise: Promise<T>,
    busy: Busy<'_>,
    entered: impl Sized,
) {
    let began = busy.since();
    let outcome = Trace::run(promise.trace().as_ref(), || panic_place::catch(closure));
    let outcome = outcome.map_err(|panic| promise.error(TaskErrorKind::Panicked(*panic)));
    promise.count_busy(busy.time(began));
    drop(entered);
    promise.complete(outcome, busy);
}

fn run_chunk<A, T: Send + 'static>(
    inputs: Vec<A>,
    closure: &impl Fn(A) -> T,
    promise: Promise<Vec<Outcome<T>>>,
    report: &Report,
    desk: &Desk,
    busy: Busy<'_>,
) {
    let token = CancelToken::default();
    let stop = token.to_stop();
    if !promise.claim(Some(Arc::clone(&stop))) {
        return;
    }
    let entered = desk.enter(stop);
    let call = |input| Ok(closure(input));
    let outcomes = chunk::run(
        inputs,
        &promise,
        (report, &busy),
        || token.is_cancelled(),
        call,
    );
    drop(entered);
    promise.complete(Ok(outcomes), busy);
}

//! The one place where a task changes state.
//!
//! ```text
//! Pending --claim--> Running --complete--> Finishing --> Finished --take--> Taken
//!    |                  |                      ^
//!    +------cancel------+----------------------+
//! ```
//!
//! The step to `Finishing` is the one that counts: it happens once, under the lock, and from then on
//! the task is finished for everybody who asks. Whoever took it then runs the callbacks, outside the
//! lock, with the outcome in hand; only after them can a joiner take the outcome away.

mod watchers;

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Instant;

use crate::completion::watchers::{Callback, Watchers};
use crate::control::Stop;
use crate::error::{TaskError, TaskErrorKind};
use crate::quietly::quietly;
use crate::state::{End, State, WhileQueued};
use crate::stats::Counters;
use crate::sync::{self, AtomicBool, Condvar, Mutex, MutexGuard, Ordering};
use crate::trace::Trace;

pub(crate) type Outcome<T> = Result<T, TaskError>;
pub(crate) type TaskName = Cow<'static, str>;

struct Inner<T> {
    state: State<T>,
    /// The tasks of this that have not ended: one, or those of a chunk.
    left: u64,
    /// What these have burnt, where it is counted and they have come to their end.
    fuel_used: Option<u64>,
    waker: Option<Waker>,
    /// Threads that wait for the outcome.
    waiting: usize,
    /// Most tasks have none, and what is not there need not be carried from one processor to the other.
    watchers: Option<Box<Watchers<T>>>,
}

/// The shared state of one task: the worker's promise and the user's handle both point to it.
pub(crate) struct Completion<T> {
    task: TaskName,
    counters: Arc<Counters>,
    is_traced: bool,
    inner: Mutex<Inner<T>>,
    /// Whether the outcome can be taken; for who looks without the lock.
    is_there: AtomicBool,
    finished: Condvar,
}

impl<T> Completion<T> {
    /// Of a task, or of a chunk of so many that are queued and cancelled together.
    pub(crate) fn new(
        task: TaskName,
        tasks: u64,
        counters: Arc<Counters>,
        trace: Option<Trace>,
    ) -> Self {
        counters.accept(tasks);
        let is_traced = trace.is_some();
        let watchers = trace.map(|trace| {
            Box::new(Watchers {
                trace: Some(trace),
                ..Watchers::default()
            })
        });
        Self {
            task,
            counters,
            is_traced,
            inner: Mutex::new(Inner {
                state: State::Pending(None),
                left: tasks,
                fuel_used: None,
                waker: None,
                waiting: 0,
                watchers,
            }),
            is_there: AtomicBool::new(false),
            finished: Condvar::new(),
        }
    }

    pub(crate) fn task(&self) -> &TaskName {
        &self.task
    }

    pub(crate) fn counters(&self) -> &Counters {
        &self.counters
    }

    /// Adds to the fuel that was burnt.
    pub(crate) fn count_fuel(&self, fuel: u64) {
        self.counters.count_fuel(fuel);
        let used = &mut self.lock().fuel_used;
        *used = Some(used.unwrap_or(0).saturating_add(fuel));
    }

    pub(crate) fn fuel_used(&self) -> Option<u64> {
        self.lock().fuel_used
    }

    /// Has `guard` live for as long as the task waits.
    pub(crate) fn while_queued(&self, guard: WhileQueued) {
        if let State::Pending(place) = &mut self.lock().state {
            *place = Some(guard);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Inner<T>> {
        sync::lock(&self.inner)
    }

    /// Pending to running. Returns `false` where the task is not to be run any more.
    pub(crate) fn claim(&self, stop: Option<Arc<dyn Stop>>) -> bool {
        let mut inner = self.lock();
        if !matches!(inner.state, State::Pending(_)) {
            return false;
        }
        let before = std::mem::replace(&mut inner.state, State::Running(stop));
        self.counters.start();
        drop(inner);
        drop(before);
        true
    }

    /// Counts so many tasks of a chunk as ended like this, before the whole is. Returns whether the chunk still
    /// runs.
    pub(crate) fn some_ended<U>(&self, outcome: &Outcome<U>, tasks: u64) -> bool {
        let mut inner = self.lock();
        let running = matches!(inner.state, State::Running(_));
        if running {
            inner.left -= tasks;
            // After each the next one has run, or is running now; after the last there is none.
            let begun = tasks - u64::from(inner.left == 0);
            self.counters.some_of_chunk(outcome, tasks, begun);
        }
        running
    }

    /// To finished, with this outcome, which is dropped where there is one already. `release` is
    /// dropped when the callbacks have run, before a joiner can have the outcome.
    pub(crate) fn complete<R>(&self, outcome: Outcome<T>, release: R) {
        let inner = self.lock();
        match inner.state {
            State::Pending(_) | State::Running(_) => self.finish(inner, outcome, release, || ()),
            State::Finishing(_) | State::Finished(_) | State::Taken => {}
        }
    }

    /// To finished, as cancelled, if the task has not ended.
    pub(crate) fn abandon(&self) {
        self.complete(Err(self.cancelled()), ());
    }

    /// To finished, as cancelled. Returns whether the task is cancelled now: `false` where it has
    /// ended otherwise, or runs and cannot be stopped. `discard` drops what would have been run, if the task
    /// waits.
    pub(crate) fn cancel(&self, discard: impl FnOnce()) -> bool {
        let inner = self.lock();
        match &inner.state {
            State::Pending(_) => {}
            // Under the lock, so that the task cannot end in between. Of a chunk, all may have ended.
            State::Running(Some(stop)) if inner.left > 0 && stop.stop() => {}
            State::Running(_) => return false,
            state @ (State::Finishing(_) | State::Finished(_) | State::Taken) => {
                return state.end() == Some(End::Cancelled);
            }
        }
        self.finish(inner, Err(self.cancelled()), (), discard);
        true
    }

    fn cancelled(&self) -> TaskError {
        TaskError::new(self.task.clone(), TaskErrorKind::Cancelled, Vec::new())
    }

    /// To finished, with this error, if the task waits in a queue. `discard` as in [`cancel`](Self::cancel).
    pub(crate) fn fail_pending(&self, kind: TaskErrorKind, discard: impl FnOnce()) {
        let inner = self.lock();
        if matches!(inner.state, State::Pending(_)) {
            let error = TaskError::new(self.task.clone(), kind, Vec::new());
            self.finish(inner, Err(error), (), discard);
        }
    }

    fn finish<R>(
        &self,
        mut inner: MutexGuard<'_, Inner<T>>,
        outcome: Outcome<T>,
        release: R,
        discard: impl FnOnce(),
    ) {
        // Before anybody can see that the task has ended.
        let left = std::mem::take(&mut inner.left);
        let has_run = matches!(inner.state, State::Running(_));
        self.counters.end(&outcome, left, has_run);
        let (trace, arrivals, has_callbacks) = match &mut inner.watchers {
            Some(watchers) => {
                let Watchers {
                    trace,
                    arrivals,
                    callbacks,
                } = &mut **watchers;
                (
                    trace.take(),
                    std::mem::take(arrivals),
                    !callbacks.is_empty(),
                )
            }
            None => (None, Vec::new(), false),
        };
        let finishing = State::Finishing(End::of(&outcome));
        let before = std::mem::replace(&mut inner.state, finishing);
        let outcome = match trace.is_some() || has_callbacks {
            true => {
                drop(inner);
                Some((outcome, release))
            }
            false => {
                drop(release);
                self.leave(inner, outcome);
                None
            }
        };
        drop(before);
        if !has_run {
            discard();
        }
        for (arrivals, index) in arrivals {
            arrivals.arrive(index);
        }
        if let Some((outcome, release)) = outcome {
            if let Some(trace) = trace {
                quietly(|| trace.end(&outcome));
            }
            self.run_callbacks(outcome, release);
        }
    }

    /// Leaves the outcome for the joiner.
    fn leave(&self, mut inner: MutexGuard<'_, Inner<T>>, outcome: Outcome<T>) {
        inner.state = State::Finished(outcome);
        self.is_there.store(true, Ordering::Release);
        let waker = inner.waker.take();
        let waiting = inner.waiting;
        drop(inner);
        if waiting > 0 {
            self.finished.notify_all();
        }
        if let Some(waker) = waker {
            quietly(|| waker.wake());
        }
    }

    /// Runs callbacks until there are none left, then leaves the outcome for the joiner.
    fn run_callbacks<R>(&self, outcome: Outcome<T>, release: R) {
        loop {
            let mut inner = self.lock();
            let callbacks = match &mut inner.watchers {
                Some(watchers) => std::mem::take(&mut watchers.callbacks),
                None => Vec::new(),
            };
            if callbacks.is_empty() {
                drop(release);
                return self.leave(inner, outcome);
            }
            drop(inner);
            for callback in callbacks {
                quietly(|| callback(&outcome));
            }
        }
    }

    /// Has `callback` called with the outcome: now, if there is one.
    pub(crate) fn on_finish(&self, callback: Callback<T>) {
        let mut inner = self.lock();
        inner.watchers().callbacks.push(callback);
        let State::Finished(outcome) = &inner.state else {
            return;
        };
        let end = End::of(outcome);
        let finished = std::mem::replace(&mut inner.state, State::Finishing(end));
        drop(inner);
        if let State::Finished(outcome) = finished {
            self.run_callbacks(outcome, ());
        }
    }

    /// Waits for the outcome and takes it; `None` if `deadline` comes first.
    pub(crate) fn take(&self, deadline: Option<Instant>) -> Option<Outcome<T>> {
        if deadline.is_none_or(|deadline| deadline > Instant::now()) {
            sync::spin(|| self.is_there.load(Ordering::Acquire).then_some(()));
        }
        let mut inner = self.lock();
        let mut time_left = true;
        loop {
            match std::mem::replace(&mut inner.state, State::Taken) {
                State::Finished(outcome) => return Some(outcome),
                State::Taken => panic!(
                    "the outcome of a task was taken twice: a handle was joined or polled after its future had returned it"
                ),
                unfinished => inner.state = unfinished,
            }
            if !time_left {
                return None;
            }
            inner.waiting += 1;
            (inner, time_left) = sync::wait(&self.finished, inner, deadline);
            inner.waiting -= 1;
        }
    }

    /// Takes the outcome, or leaves the waker to be woken when there is one.
    pub(crate) fn poll(&self, context: &mut Context<'_>) -> Poll<Outcome<T>> {
        let mut inner = self.lock();
        match std::mem::replace(&mut inner.state, State::Taken) {
            State::Finished(outcome) => Poll::Ready(outcome),
            State::Taken => {
                panic!("the future of a task was polled after it had returned the outcome")
            }
            unfinished => {
                inner.state = unfinished;
                inner.waker = Some(context.waker().clone());
                Poll::Pending
            }
        }
    }

    pub(crate) fn is_running(&self) -> bool {
        matches!(self.lock().state, State::Running(_))
    }

    pub(crate) fn is_finished(&self) -> bool {
        match self.lock().state {
            State::Pending(_) | State::Running(_) => false,
            State::Finishing(_) | State::Finished(_) | State::Taken => true,
        }
    }

    pub(crate) fn is_cancelled(&self) -> bool {
        self.lock().state.end() == Some(End::Cancelled)
    }

    pub(crate) fn is_failed(&self) -> bool {
        self.lock().state.end() == Some(End::Failed)
    }
}

impl<T> fmt::Debug for Completion<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let inner = self.lock();
        let state = match (&inner.state, inner.state.end()) {
            (State::Pending(_), _) => "pending",
            (State::Running(_), _) => "running",
            (_, Some(End::Value)) => "finished",
            (_, Some(End::Failed)) => "failed",
            (_, Some(End::Cancelled)) => "cancelled",
            (_, None) => "taken",
        };
        drop(inner);
        f.debug_struct("Task")
            .field("name", &self.task)
            .field("state", &state)
            .finish()
    }
}

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

use std::borrow::Cow;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Weak};
use std::task::{Context, Poll, Waker};
use std::time::Instant;

use crate::arrivals::Arrivals;
use crate::control::{Cancel, Queued, Stop};
use crate::error::{TaskError, TaskErrorKind};
use crate::state::{End, State};
use crate::stats::Counters;
use crate::sync::{self, AtomicBool, Condvar, Mutex, MutexGuard, Ordering};
use crate::trace::Trace;

pub(crate) type Outcome<T> = Result<T, TaskError>;
pub(crate) type TaskName = Cow<'static, str>;
type Callback<T> = Box<dyn FnOnce(&Outcome<T>) + Send>;

struct Inner<T> {
    state: State<T>,
    /// The tasks of this that have not ended: one, or those of a chunk.
    left: u64,
    /// What these have burnt, where it is counted and they have come to their end.
    fuel_used: Option<u64>,
    trace: Option<Trace>,
    waker: Option<Waker>,
    /// Threads that wait for the outcome.
    waiting: usize,
    arrivals: Vec<(Arc<Arrivals>, usize)>,
    callbacks: Vec<Callback<T>>,
}

/// The shared state of one task: the worker's promise and the user's handle both point to it.
pub(crate) struct Completion<T> {
    task: TaskName,
    counters: Arc<Counters>,
    inner: Mutex<Inner<T>>,
    /// Whether the outcome can be taken; for who looks without the lock.
    is_there: AtomicBool,
    finished: Condvar,
}

impl<T> Completion<T> {
    /// Of a task, or of a chunk of so many that are queued and cancelled together.
    pub(crate) fn new(task: TaskName, tasks: u64, counters: Arc<Counters>, trace: Trace) -> Self {
        counters.queued.add(tasks);
        Self {
            task,
            counters,
            inner: Mutex::new(Inner {
                state: State::Pending(None),
                left: tasks,
                fuel_used: None,
                trace: Some(trace),
                waker: None,
                waiting: 0,
                arrivals: Vec::new(),
                callbacks: Vec::new(),
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
        self.counters.fuel_used.add(fuel);
        let used = &mut self.lock().fuel_used;
        *used = Some(used.unwrap_or(0).saturating_add(fuel));
    }

    pub(crate) fn fuel_used(&self) -> Option<u64> {
        self.lock().fuel_used
    }

    fn lock(&self) -> MutexGuard<'_, Inner<T>> {
        sync::lock(&self.inner)
    }

    /// Pending to running. Returns `false` where the task is not to be run any more.
    pub(crate) fn claim(&self, stop: Option<Arc<dyn Stop>>) -> bool {
        let mut inner = self.lock();
        let pending = matches!(inner.state, State::Pending(_));
        if pending {
            inner.state = State::Running(stop);
            self.counters.queued.subtract(1);
            self.counters.running.add(1);
        }
        pending
    }

    /// Counts so many tasks of a chunk as ended like this, before the whole is. Returns whether the chunk still
    /// runs.
    pub(crate) fn some_ended<U>(&self, outcome: &Outcome<U>, tasks: u64) -> bool {
        let mut inner = self.lock();
        let running = matches!(inner.state, State::Running(_));
        if running {
            self.counters.count(outcome, tasks);
            inner.left -= tasks;
            // After each the next one has run, or is running now; after the last there is none.
            let begun = tasks - u64::from(inner.left == 0);
            self.counters.queued.subtract(begun);
        }
        running
    }

    /// To finished, with this outcome, which is dropped where there is one already. `release` is
    /// dropped when the callbacks have run, before a joiner can have the outcome.
    pub(crate) fn complete<R>(&self, outcome: Outcome<T>, release: R) {
        let inner = self.lock();
        match inner.state {
            State::Pending(_) | State::Running(_) => self.finish(inner, outcome, release),
            State::Finishing(_) | State::Finished(_) | State::Taken => {}
        }
    }

    /// To finished, as cancelled. Returns whether the task is cancelled now: `false` where it has
    /// ended otherwise, or runs and cannot be stopped.
    pub(crate) fn cancel(&self) -> bool {
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
        let cancelled = TaskErrorKind::Cancelled;
        let error = TaskError::new(self.task.clone(), cancelled, Vec::new());
        self.finish(inner, Err(error), ());
        true
    }

    /// To finished, with this error, if the task waits in a queue.
    pub(crate) fn fail_pending(&self, kind: TaskErrorKind) {
        let inner = self.lock();
        if matches!(inner.state, State::Pending(_)) {
            let error = TaskError::new(self.task.clone(), kind, Vec::new());
            self.finish(inner, Err(error), ());
        }
    }

    fn finish<R>(&self, mut inner: MutexGuard<'_, Inner<T>>, outcome: Outcome<T>, release: R) {
        // Before anybody can see that the task has ended.
        let left = std::mem::take(&mut inner.left);
        match inner.state {
            State::Pending(_) => self.counters.queued.subtract(left),
            _ => {
                self.counters.running.subtract(1);
                self.counters.queued.subtract(left.saturating_sub(1));
            }
        }
        self.counters.count(&outcome, left);
        let arrivals = std::mem::take(&mut inner.arrivals);
        let finishing = State::Finishing(End::of(&outcome));
        let before = std::mem::replace(&mut inner.state, finishing);
        let trace = inner.trace.take().filter(Trace::is_on);
        let outcome = match inner.callbacks.is_empty() && trace.is_none() {
            true => {
                drop(release);
                self.leave(inner, outcome);
                None
            }
            false => {
                drop(inner);
                Some((outcome, release))
            }
        };
        if let State::Pending(Some(queued)) = before
            && let Some(queued) = queued.upgrade()
        {
            queued.discard();
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
            let callbacks = std::mem::take(&mut inner.callbacks);
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
        inner.callbacks.push(callback);
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

    /// Has the arrival of `index` reported: now, if the task is finished.
    pub(crate) fn report_to(&self, arrivals: &Arc<Arrivals>, index: usize) {
        let mut inner = self.lock();
        match inner.state {
            State::Pending(_) | State::Running(_) => {
                inner.arrivals.push((Arc::clone(arrivals), index));
            }
            State::Finishing(_) | State::Finished(_) | State::Taken => {
                drop(inner);
                arrivals.arrive(index);
            }
        }
    }

    /// Takes back a [`report_to`](Self::report_to).
    pub(crate) fn stop_reporting_to(&self, arrivals: &Arc<Arrivals>) {
        self.lock()
            .arrivals
            .retain(|(other, _)| !Arc::ptr_eq(other, arrivals));
    }

    /// Tells where the task waits.
    pub(crate) fn set_queued(&self, queued: Weak<dyn Queued>) {
        let mut inner = self.lock();
        match &mut inner.state {
            State::Pending(place) => *place = Some(queued),
            State::Running(_) => {}
            // It has ended before anybody could tell it where.
            State::Finishing(_) | State::Finished(_) | State::Taken => {
                drop(inner);
                if let Some(queued) = queued.upgrade() {
                    queued.discard();
                }
            }
        }
    }

    /// Runs the task on this thread if that is a worker of its pool and the task waits in the queue.
    /// Returns whether it did.
    pub(crate) fn help(&self) -> bool {
        let queued = match &self.lock().state {
            State::Pending(Some(queued)) => queued.upgrade(),
            _ => None,
        };
        queued.is_some_and(|queued| queued.run_here())
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

/// Runs foreign code whose panic is nobody else's affair; the panic hook has told of it.
pub(crate) fn quietly(run: impl FnOnce()) {
    let panicked = catch_unwind(AssertUnwindSafe(run));
    // Dropping what it panicked with may panic again; what that panics with is not dropped.
    if let Err(payload) = catch_unwind(AssertUnwindSafe(|| drop(panicked))) {
        std::mem::forget(payload);
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

impl<T: Send> Cancel for Completion<T> {
    fn cancel(&self) -> bool {
        Self::cancel(self)
    }
    fn help(&self) -> bool {
        Self::help(self)
    }
    fn fail_pending(&self, kind: TaskErrorKind) {
        Self::fail_pending(self, kind);
    }
    fn is_finished(&self) -> bool {
        Self::is_finished(self)
    }
}

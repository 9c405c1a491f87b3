//! From tasks to queued jobs, and their run.

use std::cell::Cell;
use std::sync::Arc;

use sandpool_abi::codec::CodecError;
use sandpool_abi::{Arguments, Reply};

use crate::chunk::{self, Chunk, Refused};
use crate::completion::{Outcome, TaskName};
use crate::control::Stop;
use crate::error::{SubmitError, SubmitErrorKind, TaskErrorKind};
use crate::handle::TaskHandle;
use crate::initialization::Initialization;
use crate::limits::{Due, Limits};
use crate::load::Busy;
use crate::panic_place;
use crate::process_pool::calls::Callers;
use crate::progress::Report;
use crate::promise::{Promise, Submission};
use crate::queue::{Patience, Queue};
use crate::quietly::quietly;
use crate::running::{Desk, Entered, Running};
use crate::sandbox::{Call, Entry, Fault, Interrupt, Plan, Processes, TaskModule};
use crate::slot::Turn;
use crate::stats::Counters;
use crate::trace::Trace;
use crate::workers::Shared;

/// What a worker thread owns.
pub(crate) struct Worker {
    processes: Processes,
    desk: Desk,
    /// How the tasks that run here are stopped, while none does. Who stops them all does that here, too.
    interrupt: Cell<Option<Arc<Interrupt>>>,
}

/// How a task is stopped.
struct Stoppable<'a> {
    interrupt: Arc<Interrupt>,
    /// Of one that runs inside of another, and has an interrupt of its own.
    noted: Option<Entered<'a>>,
}

/// Where tasks are submitted.
pub(crate) struct Tasks {
    pub(crate) queue: Queue<Worker>,
    pub(crate) module: TaskModule,
    pub(crate) running: Arc<Running>,
    pub(crate) counters: Arc<Counters>,
    pub(crate) callers: Callers,
    pub(crate) initialization: Option<Initialization>,
}

/// Arguments as a guest takes them: those that could not be encoded are the task's error.
pub(crate) type Encoded<'a> = Result<Arguments<'a>, CodecError>;

/// What is called, and how.
pub(crate) struct Target<A, D> {
    pub(crate) entry: Entry,
    /// `None` where they are the pool's, which a task need not carry about.
    pub(crate) limits: Option<Box<Limits>>,
    pub(crate) encode: fn(&A) -> Encoded<'_>,
    /// Takes the result out of the reply.
    pub(crate) decode: D,
}

/// The same, for a call that is made now.
pub(crate) struct Callee<'a, A, D> {
    pub(crate) entry: Entry,
    pub(crate) limits: &'a Limits,
    pub(crate) encode: fn(&A) -> Encoded<'_>,
    pub(crate) decode: D,
}

impl Tasks {
    /// Queues a task, or gives back what it was to be called with.
    pub(crate) fn submit<A, R, D>(
        &self,
        name: impl Into<TaskName>,
        target: Target<A, D>,
        args: A,
        patience: Patience,
    ) -> Result<TaskHandle<R>, SubmitError<A>>
    where
        A: Send + 'static,
        R: Send + 'static,
        D: Fn(Reply<'_>) -> Result<R, CodecError> + Send + 'static,
    {
        let limits = target.limits(self.limits());
        if let Err(kind) = self.check(limits) {
            return Err(SubmitError::new(kind, args));
        }
        let due = limits.deadline.and_then(Due::after);
        let submission = Submission::new(name);
        let task = (submission, &self.counters);
        let queued = self.queue.submit_task(args, patience, task, |args| {
            move |turn: Turn<'_, Worker>, promise| match turn {
                Turn::Run { own, busy, pool } => own.run(&target, args, due, promise, busy, pool),
                Turn::Broken(reason) => promise.fail(TaskErrorKind::Broken(reason)),
            }
        });
        match queued {
            Ok(handle) => Ok(self.expire(due, handle)),
            Err((kind, args)) => Err(SubmitError::new(kind, args)),
        }
    }

    /// Queues calls of a task that one worker does one after the other, or gives their arguments back.
    pub(crate) fn submit_chunk<A, R, D>(
        &self,
        name: &'static str,
        target: Target<A, D>,
        chunk: Vec<A>,
        patience: Patience,
        report: Arc<Report>,
    ) -> Result<Chunk<R>, Refused<Vec<A>>>
    where
        A: Send + 'static,
        R: Send + 'static,
        D: Fn(Reply<'_>) -> Result<R, CodecError> + Send + 'static,
    {
        let limits = target.limits(self.limits());
        if let Err(kind) = self.check(limits) {
            return Err((kind, chunk));
        }
        let due = limits.deadline.and_then(Due::after);
        let submission = Submission::of_chunk(name, chunk.len());
        let task = (submission, &self.counters);
        let handle = self.queue.submit_task(chunk, patience, task, |chunk| {
            move |turn: Turn<'_, Worker>, promise| match turn {
                Turn::Run { own, busy, pool } => {
                    own.run_chunk(&target, chunk, due, promise, &report, busy, pool);
                }
                Turn::Broken(reason) => promise.fail(TaskErrorKind::Broken(reason)),
            }
        })?;
        Ok(self.expire(due, handle))
    }

    /// Has the task end when it is due, if it still waits then: once it runs it is the sandbox that is stopped.
    fn expire<R: Send + 'static>(&self, due: Option<Due>, handle: TaskHandle<R>) -> TaskHandle<R> {
        if let Some(due) = due
            && let Some(expiry) = self.module.expire(due, &handle.task.to_cancel())
        {
            handle.completion().while_queued(Box::new(expiry));
        }
        handle
    }

    /// What tasks may use that have no limits of their own.
    pub(crate) fn limits(&self) -> &Limits {
        self.callers.limits()
    }

    /// Checks that the module can keep the limits.
    pub(crate) fn check(&self, limits: &Limits) -> Result<(), SubmitErrorKind> {
        match limits.fuel.is_some() && !self.module.counts_fuel() {
            true => Err(SubmitErrorKind::NotMetered),
            false => Ok(()),
        }
    }
}

impl Worker {
    pub(crate) fn new(plan: Arc<Plan>, running: &Arc<Running>) -> Self {
        let (interrupt, desk) = (Interrupt::new(&plan.module), running.desk());
        let stop: Arc<dyn Stop> = interrupt.clone();
        desk.keep(stop);
        Self {
            processes: Processes::new(plan),
            desk,
            interrupt: Cell::new(Some(interrupt)),
        }
    }

    /// Returns how the task that comes next is stopped.
    fn stoppable(&self) -> Stoppable<'_> {
        if let Some(interrupt) = self.interrupt.take() {
            let noted = None;
            return Stoppable { interrupt, noted };
        }
        let interrupt = Interrupt::new(self.processes.module());
        let stop: Arc<dyn Stop> = interrupt.clone();
        let noted = Some(self.desk.enter(stop));
        Stoppable { interrupt, noted }
    }

    /// The task has ended, so that nobody will stop it any more by itself.
    fn renew(&self, task: Stoppable<'_>) {
        let Stoppable { interrupt, noted } = task;
        if noted.is_none() {
            interrupt.renew();
            // Who stopped all may have done so before that.
            if self.desk.is_closed() {
                interrupt.stop();
            }
            self.interrupt.set(Some(interrupt));
        }
    }

    fn run<A, R: Send + 'static, D>(
        &self,
        target: &Target<A, D>,
        args: A,
        due: Option<Due>,
        promise: Promise<R>,
        busy: Busy<'_>,
        pool: &Shared<Self>,
    ) where
        D: Fn(Reply<'_>) -> Result<R, CodecError>,
    {
        let task = self.stoppable();
        let interrupt = &task.interrupt;
        if !promise.claim(Some(interrupt.clone())) {
            return self.renew(task);
        }
        let began = busy.since();
        let fuel_used = Cell::new(None);
        let run = || self.call(target, args, due.as_ref(), interrupt, &fuel_used);
        let outcome = Trace::run(promise.trace().as_ref(), run);
        let outcome = outcome.map_err(|fault| {
            // Before anybody can see the error.
            if let TaskErrorKind::Broken(reason) = &fault.kind {
                pool.break_down(reason);
            }
            fault.into_error(promise.task().clone())
        });
        promise.count_fuel(fuel_used.get());
        promise.count_busy(busy.time(began));
        promise.complete(outcome, busy);
        self.renew(task);
    }

    #[expect(clippy::too_many_arguments, reason = "a job's parts, each used once")]
    fn run_chunk<A, R: Send + 'static, D>(
        &self,
        target: &Target<A, D>,
        chunk: Vec<A>,
        due: Option<Due>,
        promise: Promise<Vec<Outcome<R>>>,
        report: &Report,
        busy: Busy<'_>,
        pool: &Shared<Self>,
    ) where
        D: Fn(Reply<'_>) -> Result<R, CodecError>,
    {
        let task = self.stoppable();
        let interrupt = &task.interrupt;
        if !promise.claim(Some(interrupt.clone())) {
            return self.renew(task);
        }
        let mut broken = None;
        let call = |args: A| {
            let outcome = match &broken {
                Some(reason) => Err(TaskErrorKind::Broken(String::clone(reason)).into()),
                None => {
                    let fuel_used = Cell::new(None);
                    let outcome = self.call(target, args, due.as_ref(), interrupt, &fuel_used);
                    promise.count_fuel(fuel_used.get());
                    outcome
                }
            };
            outcome.map_err(|fault| {
                if let (TaskErrorKind::Broken(reason), None) = (&fault.kind, &broken) {
                    pool.break_down(reason);
                    broken = Some(reason.clone());
                }
                fault.into_error(promise.task().clone())
            })
        };
        let outcomes = chunk::run(
            chunk,
            &promise,
            (report, &busy),
            || interrupt.is_stopped(),
            call,
        );
        promise.complete(Ok(outcomes), busy);
        self.renew(task);
    }

    fn call<A, R, D>(
        &self,
        target: &Target<A, D>,
        args: A,
        due: Option<&Due>,
        interrupt: &Arc<Interrupt>,
        fuel_used: &Cell<Option<u64>>,
    ) -> Result<R, Fault>
    where
        D: Fn(Reply<'_>) -> Result<R, CodecError>,
    {
        let outcome = target.callee(self.processes.limits()).call(
            &args,
            &self.processes,
            due,
            interrupt,
            fuel_used,
        );
        // It is foreign, and may panic.
        quietly(|| drop(args));
        outcome
    }
}

impl<A, D: Clone> Clone for Target<A, D> {
    fn clone(&self) -> Self {
        Self {
            entry: self.entry,
            limits: self.limits.clone(),
            encode: self.encode,
            decode: self.decode.clone(),
        }
    }
}

impl<A, D> Target<A, D> {
    /// What the task may use, in a pool whose tasks may use that.
    fn limits<'a>(&'a self, of_pool: &'a Limits) -> &'a Limits {
        self.limits.as_deref().unwrap_or(of_pool)
    }

    fn callee<'a, R>(&'a self, of_pool: &'a Limits) -> Callee<'a, A, &'a D>
    where
        D: Fn(Reply<'_>) -> Result<R, CodecError>,
    {
        Callee {
            entry: self.entry,
            limits: self.limits(of_pool),
            encode: self.encode,
            decode: &self.decode,
        }
    }
}

impl<A, D> Callee<'_, A, D> {
    /// Calls the task in one of these processes.
    #[inline]
    pub(crate) fn call<R>(
        self,
        args: &A,
        processes: &Processes,
        due: Option<&Due>,
        interrupt: &Arc<Interrupt>,
        fuel_used: &Cell<Option<u64>>,
    ) -> Result<R, Fault>
    where
        D: Fn(Reply<'_>) -> Result<R, CodecError>,
    {
        // Neither the arguments nor the value is moved on the way: that would have to wait until they are written.
        let mut value = None;
        let mut read = |reply: Reply<'_>| {
            value = Some((self.decode)(reply)?);
            Ok(())
        };
        // The engine does not panic, but this runs the `Serialize` of the arguments' type and the
        // `Deserialize` of the result's.
        let outcome = panic_place::catch(|| {
            let encoded = (self.encode)(args);
            let arguments = encoded.as_ref().map_err(bad_arguments)?;
            let call = Call {
                entry: self.entry,
                arguments,
                limits: self.limits,
                due,
                interrupt,
                fuel_used,
            };
            processes.run(&call, &mut read)
        });
        match outcome {
            Ok(ended) => ended.map(|()| value.expect("it was read")),
            Err(panic) => Err(TaskErrorKind::Panicked(*panic).into()),
        }
    }
}

fn bad_arguments(error: &CodecError) -> Fault {
    TaskErrorKind::BadArguments(error.to_string()).into()
}

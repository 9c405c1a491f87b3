//! From tasks to queued jobs, and their run.

use std::cell::Cell;
use std::sync::{Arc, Weak};
use std::time::Instant;

use sandpool_abi::codec::CodecError;
use sandpool_abi::{Arguments, Reply};

use crate::chunk::{self, Chunk, Refused};
use crate::completion::{Completion, Outcome, TaskName, quietly};
use crate::control::Stop;
use crate::error::{SubmitError, SubmitErrorKind, TaskError, TaskErrorKind};
use crate::handle::TaskHandle;
use crate::initialization::Initialization;
use crate::limits::{Due, Limits};
use crate::load::Busy;
use crate::panic_place;
use crate::process_pool::calls::Callers;
use crate::progress::Report;
use crate::promise::{Promise, Submission};
use crate::queue::{Patience, Queue};
use crate::running::Running;
use crate::sandbox::{Armed, Call, Entry, Fault, Interrupt, Processes, TaskModule};
use crate::slot::{Job, Turn};
use crate::stats::Counters;
use crate::workers::Shared;

/// What a worker thread owns.
pub(crate) struct Worker {
    pub(crate) processes: Processes,
    pub(crate) running: Arc<Running>,
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
    pub(crate) name: TaskName,
    pub(crate) entry: Entry,
    pub(crate) limits: Limits,
    pub(crate) encode: fn(&A) -> Encoded<'_>,
    /// Takes the result out of the reply.
    pub(crate) decode: D,
}

impl Tasks {
    /// Queues a task, or gives back what it was to be called with.
    pub(crate) fn submit<A, R, D>(
        &self,
        target: Target<A, D>,
        args: A,
        patience: Patience,
    ) -> Result<TaskHandle<R>, SubmitError<A>>
    where
        A: Send + 'static,
        R: Send + 'static,
        D: Fn(Reply<'_>) -> Result<R, CodecError> + Send + 'static,
    {
        if let Err(kind) = self.check(&target.limits) {
            return Err(SubmitError::new(kind, args));
        }
        let (name, limits) = (target.name.clone(), target.limits.clone());
        let queued = self.enqueue(
            args,
            (name, 1),
            &limits,
            patience,
            |args, promise, waits| {
                Box::new(move |turn| match turn {
                    Turn::Run { own, busy, pool } => {
                        own.run(&target, args, waits.over(), promise, busy, pool);
                    }
                    Turn::Broken(reason) => promise.fail(TaskErrorKind::Broken(reason)),
                })
            },
        );
        queued.map_err(|(kind, args)| SubmitError::new(kind, args))
    }

    /// Queues calls of a task that one worker does one after the other, or gives their arguments back.
    pub(crate) fn submit_chunk<A, R, D>(
        &self,
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
        if let Err(kind) = self.check(&target.limits) {
            return Err((kind, chunk));
        }
        let tasks = (target.name.clone(), chunk.len());
        let limits = target.limits.clone();
        self.enqueue(chunk, tasks, &limits, patience, |chunk, promise, waits| {
            Box::new(move |turn| match turn {
                Turn::Run { own, busy, pool } => {
                    own.run_chunk(&target, chunk, waits.over(), promise, &report, busy, pool);
                }
                Turn::Broken(reason) => promise.fail(TaskErrorKind::Broken(reason)),
            })
        })
    }

    /// Checks that the module can keep the limits.
    pub(crate) fn check(&self, limits: &Limits) -> Result<(), SubmitErrorKind> {
        match limits.fuel.is_some() && !self.module.counts_fuel() {
            true => Err(SubmitErrorKind::NotMetered),
            false => Ok(()),
        }
    }

    fn enqueue<A, R: Send + 'static>(
        &self,
        work: A,
        (name, tasks): (TaskName, usize),
        limits: &Limits,
        patience: Patience,
        job: impl FnOnce(A, Promise<R>, Waits) -> Job<Worker>,
    ) -> Result<TaskHandle<R>, Refused<A>> {
        let due = limits.deadline.and_then(Due::after);
        let submission = Submission::of_chunk(name, tasks);
        let (queued, completion) = self.queue.submit(work, patience, |work| {
            let promise = submission.promise(&self.counters);
            let completion = promise.completion();
            let expire = |due| {
                let task: Weak<Completion<R>> = Arc::downgrade(&completion);
                self.module.expire(due, task)
            };
            let waits = Waits {
                due,
                expiry: due.and_then(expire),
            };
            (job(work, promise, waits), completion)
        })?;
        completion.set_queued(queued);
        Ok(TaskHandle { completion })
    }
}

/// What holds while a task waits in the queue.
struct Waits {
    /// When the time since the submission is up.
    due: Option<Due>,
    /// Ends the task then if it still waits.
    expiry: Option<Armed>,
}

impl Waits {
    /// The task waits no more: from here on it is the sandbox that is stopped.
    fn over(self) -> Option<Due> {
        drop(self.expiry);
        self.due
    }
}

impl Worker {
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
        let interrupt = Interrupt::new(self.processes.module());
        if !promise.claim(Some(interrupt.clone())) {
            return;
        }
        let entered = self.running.enter(promise.completion());
        let started = Instant::now();
        let fuel_used = Cell::new(None);
        let outcome = promise.trace(|| self.call(target, args, due, &interrupt, &fuel_used));
        let outcome = outcome.map_err(|fault| {
            // Before anybody can see the error.
            if let TaskErrorKind::Broken(reason) = &fault.kind {
                pool.break_down(reason);
            }
            error(&promise, fault)
        });
        promise.count_fuel(fuel_used.get());
        promise.count_busy(started.elapsed());
        drop(entered);
        promise.complete(outcome, busy);
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
        let interrupt = Interrupt::new(self.processes.module());
        let stop: Arc<dyn Stop> = interrupt.clone();
        if !promise.claim(Some(Arc::clone(&stop))) {
            return;
        }
        let entered = self.running.enter(stop);
        let mut broken = None;
        let call = |args: A| {
            let outcome = match &broken {
                Some(reason) => Err(TaskErrorKind::Broken(String::clone(reason)).into()),
                None => {
                    let fuel_used = Cell::new(None);
                    let outcome = self.call(target, args, due, &interrupt, &fuel_used);
                    promise.count_fuel(fuel_used.get());
                    outcome
                }
            };
            outcome.map_err(|fault| {
                if let (TaskErrorKind::Broken(reason), None) = (&fault.kind, &broken) {
                    pool.break_down(reason);
                    broken = Some(reason.clone());
                }
                error(&promise, fault)
            })
        };
        let outcomes = chunk::run(chunk, &promise, report, || interrupt.is_stopped(), call);
        drop(entered);
        promise.complete(Ok(outcomes), busy);
    }

    fn call<A, R, D>(
        &self,
        target: &Target<A, D>,
        args: A,
        due: Option<Due>,
        interrupt: &Arc<Interrupt>,
        fuel_used: &Cell<Option<u64>>,
    ) -> Result<R, Fault>
    where
        D: Fn(Reply<'_>) -> Result<R, CodecError>,
    {
        let outcome = target.call(&args, &self.processes, due, interrupt, fuel_used);
        // It is foreign, and may panic.
        quietly(|| drop(args));
        outcome
    }
}

impl<A, D: Clone> Clone for Target<A, D> {
    fn clone(&self) -> Self {
        Self {
            name: self.name.clone(),
            entry: self.entry.clone(),
            limits: self.limits.clone(),
            encode: self.encode,
            decode: self.decode.clone(),
        }
    }
}

impl<A, D> Target<A, D> {
    /// Calls the task in one of these processes.
    pub(crate) fn call<R>(
        &self,
        args: &A,
        processes: &Processes,
        due: Option<Due>,
        interrupt: &Arc<Interrupt>,
        fuel_used: &Cell<Option<u64>>,
    ) -> Result<R, Fault>
    where
        D: Fn(Reply<'_>) -> Result<R, CodecError>,
    {
        // The engine does not panic, but this runs the `Serialize` of the arguments' type and the
        // `Deserialize` of the result's.
        let outcome = panic_place::catch(|| {
            let arguments = (self.encode)(args);
            let arguments = arguments.map_err(|error| bad_arguments(&error))?;
            let call = Call {
                entry: &self.entry,
                arguments: &arguments,
                limits: &self.limits,
                due,
                interrupt,
                fuel_used,
            };
            processes.run(&call, &self.decode)
        });
        outcome.unwrap_or_else(|panic| Err(TaskErrorKind::Panicked(panic).into()))
    }
}

fn bad_arguments(error: &CodecError) -> Fault {
    TaskErrorKind::BadArguments(error.to_string()).into()
}

fn error<T>(promise: &Promise<T>, fault: Fault) -> TaskError {
    let error = promise.error(fault.kind, fault.backtrace);
    error.with_coredump(fault.coredump)
}

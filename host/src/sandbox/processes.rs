//! The instances of one worker: made for a task, or kept for the next.

use std::cell::Cell;
use std::error::Error;
use std::path::PathBuf;
use std::sync::Arc;

use sandpool_abi::codec::CodecError;
use sandpool_abi::{Arguments, Outcome, Reply};

use crate::completion::TaskName;
use crate::error::{Failure, Frame, TaskError, TaskErrorKind, with_causes};
use crate::isolation::Isolation;
use crate::limits::{Due, Limits};
use crate::sandbox::instance::Process;
use crate::sandbox::interrupt::Interrupt;
use crate::sandbox::module::{Entry, TaskModule};
use crate::stats::Counters;
use crate::text::cut;

/// One call of a task.
pub(crate) struct Call<'a> {
    pub(crate) entry: Entry,
    pub(crate) arguments: &'a Arguments<'a>,
    pub(crate) limits: &'a Limits,
    /// When the time since the submission is up.
    pub(crate) due: Option<&'a Due>,
    /// How it is stopped.
    pub(crate) interrupt: &'a Arc<Interrupt>,
    /// Where the fuel that it burns is noted, if that is counted.
    pub(crate) fuel_used: &'a Cell<Option<u64>>,
}

impl Call<'_> {
    /// Returns when it has to have ended, if it starts now.
    #[inline]
    fn due_from_now(&self) -> Option<Due> {
        let from_now = self.limits.timeout.and_then(Due::after);
        match (from_now, self.due) {
            (Some(from_now), Some(due)) if due.at < from_now.at => Some(*due),
            (None, due) => due.copied(),
            (from_now, _) => from_now,
        }
    }
}

/// Takes the value out of a task's reply, which lies in the instance's memory.
pub(crate) type Read<'a> = dyn FnMut(Reply<'_>) -> Result<(), CodecError> + 'a;

/// How a task ended, if not with a value. One pointer: every result has room for it on its way.
pub(crate) type Fault = Box<Ending>;

/// What is known of that.
#[derive(Debug)]
pub(crate) struct Ending {
    pub(crate) kind: TaskErrorKind,
    pub(crate) backtrace: Vec<Frame>,
    pub(crate) coredump: Option<PathBuf>,
}

impl Ending {
    /// Returns it as the error of the task of this name.
    pub(crate) fn into_error(self, task: TaskName) -> TaskError {
        TaskError::new(task, self.kind, self.backtrace).with_coredump(self.coredump)
    }
}

impl From<TaskErrorKind> for Fault {
    fn from(kind: TaskErrorKind) -> Self {
        Self::new(Ending {
            kind,
            backtrace: Vec::new(),
            coredump: None,
        })
    }
}

/// What the workers of a pool make their instances from.
pub(crate) struct Plan {
    pub(crate) module: TaskModule,
    /// What tasks may use that have no limits of their own.
    pub(crate) limits: Limits,
    pub(crate) isolation: Isolation,
    /// How large the memory of an instance may be that is kept.
    pub(crate) reuse_memory_bytes: usize,
    pub(crate) initializer: Option<Initializer>,
    pub(crate) counters: Arc<Counters>,
}

/// The instances of one worker.
pub(crate) struct Processes {
    plan: Arc<Plan>,
    /// One that is fit for one more task.
    kept: Cell<Option<Box<Process>>>,
    /// How many tasks run here at the moment, one inside the other.
    depth: Cell<usize>,
}

/// How many tasks can run on one worker at once: a task's code on the host's side, which decodes a result
/// or serves a call, may wait for another task of the pool, and then the worker runs that. A worker's
/// thread has the stack for so many.
pub(crate) const NESTED: usize = 4;

impl Processes {
    pub(crate) fn new(plan: Arc<Plan>) -> Self {
        Self {
            plan,
            kept: Cell::default(),
            depth: Cell::new(0),
        }
    }

    pub(crate) fn module(&self) -> &TaskModule {
        &self.plan.module
    }

    /// What tasks may use that have no limits of their own.
    pub(crate) fn limits(&self) -> &Limits {
        &self.plan.limits
    }

    /// Runs a task, and has its reply read.
    ///
    /// [`TaskErrorKind::Broken`] says that no instance can be made that is fit for the pool's tasks.
    pub(crate) fn run(&self, call: &Call<'_>, read: &mut Read<'_>) -> Result<(), Fault> {
        let _deeper = self.deeper()?;
        check_arguments(call)?;
        let due = call.due_from_now();
        // Out of its place: reading a result runs foreign code, which may run a task here.
        let kept = self.kept.take();
        let kept = kept.filter(|kept| kept.memory_bytes() <= call.limits.memory_bytes);
        let (mut process, armed) = match kept {
            Some(mut process) => {
                let armed = process.begin(call, due.as_ref())?;
                (process, armed)
            }
            None => {
                let plan = &*self.plan;
                let (module, due) = (&plan.module, due.as_ref());
                let (mut process, armed) = Process::start(module, &plan.counters, call, due)?;
                if let Some(initializer) = &plan.initializer {
                    let call = Call {
                        entry: initializer.entry,
                        arguments: &initializer.arguments,
                        ..*call
                    };
                    check_arguments(&call)?;
                    let (done, _) = perform(&mut process, &call, &mut |_| Ok(()));
                    call.fuel_used.set(process.fuel_used(call.limits));
                    done.map_err(|fault| initializer.fault(fault))?;
                }
                (process, armed)
            }
        };
        let (outcome, is_clean) = perform(&mut process, call, read);
        call.fuel_used.set(process.fuel_used(call.limits));
        drop(armed);
        let tasks = process.end();
        let is_small = process.memory_bytes() <= self.plan.reuse_memory_bytes;
        let is_fit = is_small && !self.plan.module.is_program();
        if is_clean && is_fit && self.plan.isolation.permits(tasks) {
            self.kept.set(Some(process));
        }
        outcome
    }

    /// Notes that one more task runs here, for as long as the guard lives.
    #[inline]
    fn deeper(&self) -> Result<Deeper<'_>, Fault> {
        let depth = self.depth.get();
        if depth == NESTED {
            let reason = format!("{NESTED} tasks run on this worker already, one inside the other");
            return Err(TaskErrorKind::NoSandbox(reason).into());
        }
        self.depth.set(depth + 1);
        Ok(Deeper(&self.depth))
    }
}

struct Deeper<'a>(&'a Cell<usize>);

impl Drop for Deeper<'_> {
    fn drop(&mut self) {
        self.0.set(self.0.get() - 1);
    }
}

#[inline]
fn check_arguments(call: &Call<'_>) -> Result<(), Fault> {
    let limit_bytes = call.limits.argument_bytes;
    let bytes = match call.arguments {
        Arguments::Scalars(_) => 0,
        Arguments::Encoded(_, bytes) => bytes.len(),
        Arguments::Bytes(bytes) => bytes.len(),
        Arguments::Pieces(pieces) => pieces.len(),
    };
    match bytes > limit_bytes {
        true => Err(TaskErrorKind::ArgumentsTooLarge { bytes, limit_bytes }.into()),
        false => Ok(()),
    }
}

/// What is run in every instance before its first task.
pub(crate) struct Initializer {
    pub(crate) name: String,
    pub(crate) entry: Entry,
    pub(crate) arguments: Arguments<'static>,
}

impl Initializer {
    /// A limit that the task has, or its cancellation, is the task's affair; with anything else, no
    /// other instance will fare better.
    fn fault(&self, fault: Fault) -> Fault {
        match fault.kind {
            TaskErrorKind::Cancelled
            | TaskErrorKind::DeadlineExceeded { .. }
            | TaskErrorKind::FuelExhausted { .. }
            | TaskErrorKind::MemoryLimitExceeded { .. }
            | TaskErrorKind::TableLimitExceeded { .. }
            | TaskErrorKind::ArgumentsTooLarge { .. }
            | TaskErrorKind::ResultTooLarge { .. }
            | TaskErrorKind::NoSandbox(_) => fault,
            kind => {
                let source: Option<&dyn Error> = match &kind {
                    TaskErrorKind::Failed(failure) => Some(failure),
                    _ => None,
                };
                let what = format!("its initializer `{}` {kind}", self.name);
                Fault::new(Ending {
                    kind: TaskErrorKind::Broken(with_causes(what, source)),
                    backtrace: fault.backtrace,
                    coredump: fault.coredump,
                })
            }
        }
    }
}

/// Runs an initializer in an instance of the module, and returns that.
pub(super) fn run_once(
    module: &TaskModule,
    initializer: &Initializer,
    limits: &Limits,
) -> Result<Box<Process>, Fault> {
    let due = limits.deadline.and_then(Due::after);
    let call = Call {
        entry: initializer.entry,
        arguments: &initializer.arguments,
        limits,
        due: due.as_ref(),
        interrupt: &Interrupt::new(module),
        fuel_used: &Cell::new(None),
    };
    check_arguments(&call)?;
    let due = call.due_from_now();
    let (mut process, armed) = Process::start(module, &Arc::default(), &call, due.as_ref())?;
    let (done, _) = perform(&mut process, &call, &mut |_| Ok(()));
    drop(armed);
    process.end();
    done.map(|()| process)
}

/// Returns the outcome of a call, and whether the instance is none the worse for it: that the guest
/// has come to the end of the call in order.
fn perform(
    process: &mut Process,
    call: &Call<'_>,
    read: &mut Read<'_>,
) -> (Result<(), Fault>, bool) {
    #[cfg(feature = "wasi")]
    if process.is_program() {
        return (perform_program(process, call, read), false);
    }
    if let Arguments::Scalars(slots) = call.arguments {
        let slot = process.call_scalar(call, *slots);
        let value = slot.and_then(|slot| read(Reply::Scalar(slot)).map_err(bad_result));
        let is_clean = value.is_ok();
        return (value, is_clean);
    }
    match reply(process, call) {
        Ok(Ok(reply)) => {
            let value = read(reply).map_err(bad_result);
            let is_clean = value.is_ok();
            (value, is_clean)
        }
        Ok(Err(fault)) => (Err(fault), true),
        Err(fault) => (Err(fault), false),
    }
}

/// Calls a task with encoded arguments, and returns its reply or the error that it ended with in order.
fn reply<'a>(process: &'a mut Process, call: &Call<'_>) -> Result<Result<Reply<'a>, Fault>, Fault> {
    let (most_bytes, most_result_bytes) = (call.limits.panic_bytes, call.limits.result_bytes);
    let span = process.call_encoded(call)?;
    let bytes = process.bytes(span, most_result_bytes)?;
    let kind = match Outcome::read(bytes).map_err(bad_result)? {
        Outcome::Value(bytes) => return Ok(Ok(Reply::Encoded(bytes))),
        Outcome::Bytes(span) => {
            let bytes = process.bytes(span, most_result_bytes)?;
            return Ok(Ok(Reply::Bytes(bytes)));
        }
        Outcome::Failed(failure) => TaskErrorKind::Failed(Failure::new(failure, most_bytes)),
        Outcome::BadArguments(reason) => TaskErrorKind::BadArguments(cut(reason, most_bytes)),
        Outcome::BadResult(reason) => TaskErrorKind::BadResult(cut(reason, most_bytes)),
    };
    Ok(Err(kind.into()))
}

/// Runs a program, whose stdin and stdout stand for argument and result.
#[cfg(feature = "wasi")]
fn perform_program(
    process: &mut Process,
    call: &Call<'_>,
    read: &mut Read<'_>,
) -> Result<(), Fault> {
    let Arguments::Bytes(stdin) = call.arguments else {
        let reason = "a program takes bytes: call it with `submit_bytes`";
        return Err(TaskErrorKind::BadArguments(reason.to_owned()).into());
    };
    let stdout = process.run_program(call, stdin.to_vec())?;
    read(Reply::Bytes(&stdout)).map_err(bad_result)
}

#[expect(
    clippy::needless_pass_by_value,
    reason = "the shape that `map_err` wants"
)]
fn bad_result(error: CodecError) -> Fault {
    TaskErrorKind::BadResult(error.to_string()).into()
}

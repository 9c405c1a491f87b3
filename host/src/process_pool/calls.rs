//! Tasks that are run by the thread that asks for them.

use std::cell::Cell;
use std::sync::{Arc, Mutex};

use sandpool_abi::Reply;
use sandpool_abi::codec::CodecError;

use crate::control::Stop;
use crate::error::{TaskError, TaskErrorKind};
use crate::limits::{Due, Limits};
use crate::process_pool::tasks::{Callee, Tasks};
use crate::running::{Desk, Running};
use crate::sandbox::{Interrupt, Plan, Processes, Reservation};
use crate::sync;
use crate::trace::Trace;

/// How much stack a thread has to have beside that of the guest: for functions of the host that it calls.
const HOST_STACK_BYTES: usize = 768 << 10;

/// What threads that call tasks themselves borrow.
pub(crate) struct Callers {
    plan: Arc<Plan>,
    running: Arc<Running>,
    #[expect(clippy::vec_box, reason = "it is large, and moved twice a call")]
    free: Mutex<Vec<Box<Caller>>>,
}

/// What one of them needs.
struct Caller {
    processes: Processes,
    /// Of all its tasks: who stops them all lets no others begin.
    interrupt: Arc<Interrupt>,
    /// Where that is noted.
    _desk: Desk,
    _sandbox: Reservation,
}

impl Caller {
    fn new(plan: &Arc<Plan>, running: &Arc<Running>, sandbox: Reservation) -> Self {
        let (interrupt, desk) = (Interrupt::new(&plan.module), running.desk());
        let stop: Arc<dyn Stop> = interrupt.clone();
        desk.keep(stop);
        Self {
            processes: Processes::new(Arc::clone(plan)),
            interrupt,
            _desk: desk,
            _sandbox: sandbox,
        }
    }
}

impl Callers {
    pub(crate) fn new(plan: Arc<Plan>, running: Arc<Running>) -> Self {
        Self {
            plan,
            running,
            free: Mutex::default(),
        }
    }

    /// What tasks may use that have no limits of their own.
    pub(crate) fn limits(&self) -> &Limits {
        &self.plan.limits
    }

    /// Lets go of the sandboxes that are kept for the next calls.
    pub(crate) fn clear(&self) {
        let free = std::mem::take(&mut *sync::lock(&self.free));
        drop(free);
    }

    /// Returns what a call needs, if this thread can make one here: it has the stack, and the module a
    /// sandbox.
    fn borrow(&self) -> Option<Borrowed<'_>> {
        let needed_bytes = self.plan.module.stack_bytes() + HOST_STACK_BYTES;
        if stacker::remaining_stack()? < needed_bytes {
            return None;
        }
        let free = sync::lock(&self.free).pop();
        let caller = match free {
            Some(caller) => caller,
            None => {
                let sandbox = self.plan.module.reserve(1).ok()?;
                Box::new(Caller::new(&self.plan, &self.running, sandbox))
            }
        };
        Some(Borrowed {
            callers: self,
            caller: Some(caller),
        })
    }
}

struct Borrowed<'a> {
    callers: &'a Callers,
    caller: Option<Box<Caller>>,
}

impl Drop for Borrowed<'_> {
    fn drop(&mut self) {
        sync::lock(&self.callers.free).extend(self.caller.take());
    }
}

impl Tasks {
    /// Runs the task of this name on this thread, if that can be: otherwise it has to be submitted.
    pub(crate) fn call<A, R, D>(
        &self,
        name: &'static str,
        callee: Callee<'_, A, D>,
        args: &A,
    ) -> Option<Result<R, TaskError>>
    where
        D: FnOnce(Reply<'_>) -> Result<R, CodecError>,
    {
        let borrowed = self.callers.borrow()?;
        let caller = borrowed.caller.as_ref().expect("it is taken on drop");
        let trace = Trace::new(name, 1);
        self.counters.start_call();
        let fuel_used = Cell::new(None);
        let due = callee.limits.deadline.and_then(Due::after);
        let (processes, interrupt) = (&caller.processes, &caller.interrupt);
        let run = || callee.call(args, processes, due, interrupt, &fuel_used);
        let outcome = Trace::run(trace.as_ref(), run);
        let outcome = outcome.map_err(|fault| {
            if let TaskErrorKind::Broken(reason) = &fault.kind {
                self.queue.shared.break_down(reason);
            }
            let error = TaskError::new(name.into(), fault.kind, fault.backtrace);
            error.with_coredump(fault.coredump)
        });
        if let Some(fuel) = fuel_used.get() {
            self.counters.count_fuel(fuel);
        }
        self.counters.end_call(&outcome);
        if let Some(trace) = trace {
            trace.end(&outcome);
        }
        Some(outcome)
    }
}

//! Tasks that are run by the thread that asks for them.

use std::cell::Cell;
use std::sync::{Arc, Mutex};

use sandpool_abi::Reply;
use sandpool_abi::codec::CodecError;

use crate::control::Stop;
use crate::error::{TaskError, TaskErrorKind};
use crate::limits::Due;
use crate::process_pool::tasks::{Target, Tasks};
use crate::sandbox::{Interrupt, Plan, Processes, Reservation};
use crate::sync;
use crate::trace::Trace;

/// How much stack a thread has to have beside that of the guest: for functions of the host that it calls.
const HOST_STACK_BYTES: usize = 768 << 10;

/// What threads that call tasks themselves borrow.
pub(crate) struct Callers {
    plan: Arc<Plan>,
    #[expect(clippy::vec_box, reason = "it is large, and moved twice a call")]
    free: Mutex<Vec<Box<Caller>>>,
}

/// What one of them needs.
struct Caller {
    processes: Processes,
    /// Of all its tasks: who stops them all lets no others begin.
    interrupt: Arc<Interrupt>,
    _sandbox: Reservation,
}

impl Callers {
    pub(crate) fn new(plan: Arc<Plan>) -> Self {
        Self {
            plan,
            free: Mutex::default(),
        }
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
            None => Box::new(Caller {
                _sandbox: self.plan.module.reserve(1).ok()?,
                processes: Processes::new(Arc::clone(&self.plan)),
                interrupt: Interrupt::new(&self.plan.module),
            }),
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
    /// Runs a task on this thread. `None` where that cannot be: it has to be submitted.
    pub(crate) fn call<A, R, D>(
        &self,
        target: &Target<A, D>,
        args: &A,
    ) -> Option<Result<R, TaskError>>
    where
        D: Fn(Reply<'_>) -> Result<R, CodecError>,
    {
        let borrowed = self.callers.borrow()?;
        let caller = borrowed.caller.as_ref().expect("it is taken on drop");
        let trace = Trace::new(&target.name, 1);
        self.counters.running.add(1);
        let stop: Arc<dyn Stop> = caller.interrupt.clone();
        let entered = self.running.enter(stop);
        let fuel_used = Cell::new(None);
        let due = target.limits.deadline.and_then(Due::after);
        let (processes, interrupt) = (&caller.processes, &caller.interrupt);
        let outcome = trace.run(|| target.call(args, processes, due, interrupt, &fuel_used));
        drop(entered);
        let outcome = outcome.map_err(|fault| {
            if let TaskErrorKind::Broken(reason) = &fault.kind {
                self.queue.shared.break_down(reason);
            }
            let error = TaskError::new(target.name.clone(), fault.kind, fault.backtrace);
            error.with_coredump(fault.coredump)
        });
        self.counters.fuel_used.add(fuel_used.get().unwrap_or(0));
        self.counters.running.subtract(1);
        self.counters.count(&outcome, 1);
        if trace.is_on() {
            trace.end(&outcome);
        }
        Some(outcome)
    }
}

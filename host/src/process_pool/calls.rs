//! Tasks that are run by the thread that asks for them.

use std::cell::Cell;
use std::sync::{Arc, LazyLock, Mutex, MutexGuard, TryLockError};

use sandpool_abi::Reply;
use sandpool_abi::codec::CodecError;

use crate::control::Stop;
use crate::error::{TaskError, TaskErrorKind};
use crate::limits::{Due, Limits};
use crate::process_pool::tasks::{Callee, Tasks};
use crate::running::{Desk, Running};
use crate::sandbox::{Interrupt, Plan, Processes, Reservation};
use crate::settings::processors;
use crate::thread_number::thread_number;
use crate::trace::Trace;

/// How much stack a thread has to have beside that of the guest: for functions of the host that it calls.
const HOST_STACK_BYTES: usize = 768 << 10;

/// How many calls at once find what they need kept, if there are few processors.
const LEAST_PLACES: usize = 16;

/// What threads that call tasks themselves borrow.
pub(crate) struct Callers {
    plan: Arc<Plan>,
    running: Arc<Running>,
    /// A thread begins with the same one each time, so that mostly nobody else wants it.
    places: Box<[Place]>,
}

/// Where what a call needs is kept for the next one. Locked while there is a call.
#[derive(Default)]
#[repr(align(128))]
struct Place(Mutex<Option<Caller>>);

impl Place {
    /// Returns what is there, if no call uses it.
    fn lend(&self) -> Option<MutexGuard<'_, Option<Caller>>> {
        match self.0.try_lock() {
            Ok(caller) => Some(caller),
            Err(TryLockError::Poisoned(caller)) => Some(caller.into_inner()),
            Err(TryLockError::WouldBlock) => None,
        }
    }
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
        // Asked once: that takes longer than a pool's other parts.
        static PROCESSORS: LazyLock<usize> = LazyLock::new(processors);
        // Beyond that many calls at once, each makes what it needs.
        let places = (4 * *PROCESSORS).max(LEAST_PLACES);
        Self {
            plan,
            running,
            places: (0..places).map(|_| Place::default()).collect(),
        }
    }

    /// What tasks may use that have no limits of their own.
    pub(crate) fn limits(&self) -> &Limits {
        &self.plan.limits
    }

    /// Lets go of the sandboxes that are kept for the next calls.
    pub(crate) fn clear(&self) {
        while let Some(caller) = self.take() {
            drop(caller);
        }
    }

    /// Takes what is kept, and not used by a call.
    fn take(&self) -> Option<Caller> {
        self.places.iter().find_map(|place| place.lend()?.take())
    }

    /// Returns what a call needs, if this thread can make one here: it has the stack, and the module a
    /// sandbox.
    fn borrow(&self) -> Option<Borrowed<'_>> {
        let needed_bytes = self.plan.module.stack_bytes() + HOST_STACK_BYTES;
        if stacker::remaining_stack()? < needed_bytes {
            return None;
        }
        let (before, after) = self.places.split_at(thread_number() % self.places.len());
        let free = after.iter().chain(before).find_map(Place::lend);
        let Some(mut kept) = free else {
            return self.make().map(Box::new).map(Borrowed::Own);
        };
        if kept.is_none() {
            *kept = Some(self.make().or_else(|| self.take())?);
        }
        Some(Borrowed::Kept(kept))
    }

    /// Makes what a call needs, if the module has a sandbox left.
    fn make(&self) -> Option<Caller> {
        let sandbox = self.plan.module.reserve(1).ok()?;
        Some(Caller::new(&self.plan, &self.running, sandbox))
    }
}

enum Borrowed<'a> {
    Kept(MutexGuard<'a, Option<Caller>>),
    /// For this call only.
    Own(Box<Caller>),
}

impl Borrowed<'_> {
    fn caller(&self) -> &Caller {
        match self {
            Self::Kept(kept) => kept.as_ref().expect("it was put there"),
            Self::Own(caller) => caller,
        }
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
        let caller = borrowed.caller();
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
        drop(borrowed);
        // Who shut down meanwhile could not let go of it.
        if self.queue.is_closed() {
            self.callers.clear();
        }
        self.counters.end_call(&outcome);
        if let Some(trace) = trace {
            trace.end(&outcome);
        }
        Some(outcome)
    }
}

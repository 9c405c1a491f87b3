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
    #[inline]
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
        // Asked once: it takes system calls, and files to be read.
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

    /// Whether this thread has the stack for a call.
    #[inline]
    fn have_stack(&self) -> bool {
        let needed_bytes = self.plan.module.stack_bytes() + HOST_STACK_BYTES;
        stacker::remaining_stack().is_some_and(|bytes| bytes >= needed_bytes)
    }

    /// Returns a place that no call uses, if there is one.
    #[inline]
    fn free(&self) -> Option<MutexGuard<'_, Option<Caller>>> {
        let first = &self.places[thread_number() % self.places.len()];
        first.lend().or_else(|| self.free_of_others())
    }

    #[cold]
    fn free_of_others(&self) -> Option<MutexGuard<'_, Option<Caller>>> {
        self.places.iter().find_map(Place::lend)
    }

    /// Makes what a call needs, or takes what another thread does not use, if the module has no sandbox left.
    #[cold]
    fn make(&self) -> Option<Caller> {
        match self.plan.module.reserve(1) {
            Ok(sandbox) => Some(Caller::new(&self.plan, &self.running, sandbox)),
            Err(_) => self.take(),
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
        D: Fn(Reply<'_>) -> Result<R, CodecError>,
    {
        if !self.callers.have_stack() {
            return None;
        }
        let own;
        let mut place = match self.callers.free() {
            Some(place) => place,
            None => {
                own = Place::default();
                own.lend()?
            }
        };
        if place.is_none() {
            *place = Some(self.callers.make()?);
        }
        let caller = place.as_ref().expect("it was put there");
        let trace = Trace::new(name, 1);
        self.counters.start_call();
        let fuel_used = Cell::new(None);
        let due = callee.limits.deadline.and_then(Due::after);
        let (processes, interrupt) = (&caller.processes, &caller.interrupt);
        let run = || callee.call(args, processes, due.as_ref(), interrupt, &fuel_used);
        let outcome = Trace::run(trace.as_ref(), run);
        let outcome = outcome.map_err(|fault| {
            if let TaskErrorKind::Broken(reason) = &fault.kind {
                self.queue.shared.break_down(reason);
            }
            fault.into_error(name.into())
        });
        if let Some(fuel) = fuel_used.get() {
            self.counters.count_fuel(fuel);
        }
        drop(place);
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

//! One instance: arguments in, reply out.

use std::sync::Arc;

use sandpool_abi::{Encoding, PANIC_REPORT_BYTES, PanicReport, Span};
use wasmtime::{
    Extern, Instance, Memory, ModuleExport, Store, TypedFunc, UpdateDeadline, Val, WasmParams,
    WasmResults,
};

use crate::error::TaskErrorKind;
use crate::limits::{Due, Limits};
use crate::sandbox::alarm::Armed;
use crate::sandbox::interrupt::{Interrupt, Timer};
use crate::sandbox::memory::MemoryLimit;
use crate::sandbox::module::{Entry, TaskModule};
use crate::sandbox::processes::{Fault, Plan};
use crate::sandbox::trap::{Remains, Stopped, classify, frames};
use crate::stats::Counters;

/// What wasmtime keeps for us with an instance.
pub(crate) struct Guest {
    memory: MemoryLimit,
    task: Option<Task>,
}

/// When the task that runs is to be ended.
struct Task {
    interrupt: Arc<Interrupt>,
    due: Option<Due>,
}

impl Guest {
    /// Returns why the task is to be ended, if it is.
    fn stopped(&self) -> Result<(), Stopped> {
        match &self.task {
            Some(task) if task.interrupt.is_stopped() => Err(Stopped::Cancelled),
            Some(Task { due: Some(due), .. }) if due.is_over() => {
                Err(Stopped::DeadlineExceeded { limit: due.limit })
            }
            _ => Ok(()),
        }
    }
}

/// Has the limits of a task hold in the store.
fn begin(
    store: &mut Store<Guest>,
    timer: &Timer,
    limits: &Limits,
    due: Option<Due>,
    interrupt: &Arc<Interrupt>,
) -> Result<Option<Armed>, Fault> {
    let guest = store.data_mut();
    guest.memory.limit_bytes = limits.memory_bytes;
    guest.task = Some(Task {
        interrupt: Arc::clone(interrupt),
        due,
    });
    store.set_epoch_deadline(1);
    // From here on a stop is seen either by this look or by the guest.
    let early = store.data().stopped();
    early.map_err(|stopped| classify(&stopped.into(), Remains::none()))?;
    let armed = due.map(|due| timer.arm(due.at)).transpose();
    armed.map_err(|error| no_sandbox(&error))
}

/// A live instance.
pub(crate) struct Process {
    module: TaskModule,
    store: Store<Guest>,
    instance: Instance,
    memory: Memory,
    counters: Arc<Counters>,
}

impl Process {
    /// Makes an instance for a task. The task's deadline holds for as long as the second value lives.
    pub(crate) fn start(
        plan: &Plan,
        limits: &Limits,
        due: Option<Due>,
        interrupt: &Arc<Interrupt>,
    ) -> Result<(Self, Option<Armed>), Fault> {
        let module = &plan.module;
        let timer = &module.inner.timer;
        let guest = Guest {
            memory: MemoryLimit { limit_bytes: 0 },
            task: None,
        };
        let mut store = Store::new(timer.engine(), guest);
        store.limiter(|guest| &mut guest.memory);
        store.epoch_deadline_callback(|guest| {
            guest.data().stopped()?;
            Ok(UpdateDeadline::Continue(1))
        });
        let armed = begin(&mut store, timer, limits, due, interrupt)?;
        let instance = module.inner.instance.instantiate(&mut store);
        let instance = instance.map_err(|error| Fault::from(classify(&error, Remains::none())))?;
        let memory = instance
            .get_module_export(&mut store, &module.inner.exports.memory)
            .and_then(Extern::into_memory)
            .expect("the export was checked at load");
        plan.counters.instances_made.add(1);
        let process = Self {
            module: module.clone(),
            store,
            instance,
            memory,
            counters: Arc::clone(&plan.counters),
        };
        Ok((process, armed))
    }

    /// Prepares for one more task. Its deadline holds for as long as the returned value lives.
    pub(crate) fn begin(
        &mut self,
        limits: &Limits,
        due: Option<Due>,
        interrupt: &Arc<Interrupt>,
    ) -> Result<Option<Armed>, Fault> {
        let timer = &self.module.inner.timer;
        begin(&mut self.store, timer, limits, due, interrupt)
    }

    /// Lets go of the task.
    pub(crate) fn end(&mut self) {
        self.store.data_mut().task = None;
    }

    /// Whether the instance is within these limits.
    pub(crate) fn fits(&self, limits: &Limits) -> bool {
        self.memory.data_size(&self.store) <= limits.memory_bytes
    }

    /// Calls a task whose arguments and result are scalars.
    pub(crate) fn call_scalar(&mut self, entry: &Entry, slots: [u64; 4]) -> Result<u64, Fault> {
        let scalar = entry.scalar.as_ref().expect("the signatures were compared");
        self.call(scalar, (slots[0], slots[1], slots[2], slots[3]))
    }

    /// Calls a task with encoded arguments and returns where it says that its answer is.
    pub(crate) fn call_encoded(
        &mut self,
        entry: &Entry,
        encoding: Encoding,
        arguments: &[u8],
    ) -> Result<Span, Fault> {
        let ptr = self.place(arguments)?;
        let answer: u64 = self.call(&entry.call, (encoding as u32, ptr, length(arguments)?))?;
        Ok(Span::from_u64(answer))
    }

    /// Calls an export whose type was checked at load.
    fn call<P: WasmParams, R: WasmResults>(
        &mut self,
        export: &ModuleExport,
        parameters: P,
    ) -> Result<R, Fault> {
        let function: TypedFunc<P, R> = self
            .instance
            .get_module_export(&mut self.store, export)
            .and_then(Extern::into_func)
            .and_then(|function| function.typed(&self.store).ok())
            .expect("the export was checked at load");
        let result = function.call(&mut self.store, parameters);
        result.map_err(|error| {
            let remains = self.remains();
            Fault {
                kind: classify(&error, remains),
                backtrace: frames(&error),
            }
        })
    }

    /// Copies the arguments into memory that the guest reserves for them, and returns its address.
    fn place(&mut self, bytes: &[u8]) -> Result<u32, Fault> {
        let module = Arc::clone(&self.module.inner);
        let len = length(bytes)?;
        let ptr: u32 = self.call(&module.exports.alloc, (len,))?;
        self.slice_mut(Span { ptr, len })?.copy_from_slice(bytes);
        Ok(ptr)
    }

    fn slice_mut(&mut self, span: Span) -> Result<&mut [u8], Fault> {
        let memory = self.memory.data_mut(&mut self.store);
        let range = span.range(memory.len()).ok_or_else(outside)?;
        Ok(&mut memory[range])
    }

    /// Returns a piece of the guest's memory, wherever the guest says that it is.
    pub(crate) fn bytes(&self, span: Span, limit_bytes: usize) -> Result<&[u8], Fault> {
        let memory = self.memory.data(&self.store);
        let range = span.range(memory.len()).ok_or_else(outside)?;
        if range.len() > limit_bytes {
            return Err(TaskErrorKind::ResultTooLarge {
                bytes: range.len(),
                limit_bytes,
            }
            .into());
        }
        Ok(&memory[range])
    }

    /// Looks at what the guest left behind when it trapped.
    fn remains(&mut self) -> Remains {
        let module = Arc::clone(&self.module.inner);
        let exports = &module.exports;
        let (panic, stack_pointer) = (&exports.panic, exports.stack_pointer.as_ref());
        // The stack lies at the bottom of memory and grows down: below it, the pointer wraps.
        let stack_used_up = stack_pointer
            .and_then(|export| self.global(export))
            .is_some_and(|pointer| pointer.cast_signed() < 0);
        Remains {
            panic: self.global(panic).and_then(|ptr| self.panic_report(ptr)),
            stack_used_up,
        }
    }

    fn global(&mut self, export: &ModuleExport) -> Option<u32> {
        let global = self.instance.get_module_export(&mut self.store, export);
        match global?.into_global()?.get(&mut self.store) {
            Val::I32(value) => Some(value.cast_unsigned()),
            _ => None,
        }
    }

    fn panic_report(&self, ptr: u32) -> Option<PanicReport> {
        let len = u32::try_from(PANIC_REPORT_BYTES).expect("a report is small");
        let span = Span { ptr, len };
        PanicReport::read(self.bytes(span, PANIC_REPORT_BYTES).ok()?)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.counters.instances_retired.add(1);
    }
}

impl Remains {
    /// Of an instance that never ran.
    fn none() -> Self {
        Self {
            panic: None,
            stack_used_up: false,
        }
    }
}

fn length(bytes: &[u8]) -> Result<u32, Fault> {
    u32::try_from(bytes.len()).map_err(|_| {
        TaskErrorKind::BadArguments("they have more bytes than a sandbox can address".to_owned())
            .into()
    })
}

fn outside() -> Fault {
    TaskErrorKind::BadResult("it lies outside of the sandbox's memory".to_owned()).into()
}

fn no_sandbox(error: &dyn std::error::Error) -> Fault {
    TaskErrorKind::NoSandbox(error.to_string()).into()
}

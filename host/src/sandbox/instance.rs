//! One instance, one call: arguments in, reply out, and nothing of it left.

use std::sync::Arc;

use sandpool_abi::codec::CodecError;
use sandpool_abi::{Arguments, Outcome, PANIC_REPORT_BYTES, PanicReport, Reply, Span};
use wasmtime::{
    Extern, Instance, Memory, ModuleExport, Store, TypedFunc, UpdateDeadline, Val, WasmParams,
    WasmResults,
};

use crate::error::{Failure, Frame, TaskErrorKind};
use crate::limits::{Due, Limits};
use crate::process_pool::Call;
use crate::sandbox::alarm::Armed;
use crate::sandbox::interrupt::Interrupt;
use crate::sandbox::memory::MemoryLimit;
use crate::sandbox::module::TaskModule;
use crate::sandbox::trap::{Remains, Stopped, classify, frames};

/// What wasmtime keeps for us with an instance.
pub(crate) struct Guest {
    memory: MemoryLimit,
}

/// How a task ended, if not with a value.
pub(crate) struct Fault {
    pub(crate) kind: TaskErrorKind,
    pub(crate) backtrace: Vec<Frame>,
}

impl From<TaskErrorKind> for Fault {
    fn from(kind: TaskErrorKind) -> Self {
        Self {
            kind,
            backtrace: Vec::new(),
        }
    }
}

/// Runs a task in a new instance. `read` takes the value out of the reply, which lies in the
/// instance's memory.
pub(crate) fn run<T>(
    module: &TaskModule,
    call: &Call,
    interrupt: &Arc<Interrupt>,
    read: impl FnOnce(Reply<'_>) -> Result<T, CodecError>,
) -> Result<T, Fault> {
    let Call {
        entry,
        arguments,
        limits,
        due,
        ..
    } = call;
    let started = limits.timeout.and_then(Due::after);
    let due = [started, *due]
        .into_iter()
        .flatten()
        .min_by_key(|due| due.at);
    let (mut process, _armed) = Process::start(module, limits, due, interrupt)?;
    match arguments {
        Arguments::Scalars(slots) => {
            let scalar = entry.scalar.as_ref().expect("the signatures were compared");
            let slots = (slots[0], slots[1], slots[2], slots[3]);
            let slot = process.call(scalar, slots)?;
            read(Reply::Scalar(slot)).map_err(bad_result)
        }
        Arguments::Encoded(encoding, bytes) => {
            let ptr = process.place(bytes)?;
            let arguments = (*encoding as u32, ptr, length(bytes)?);
            let answer: u64 = process.call(&entry.call, arguments)?;
            let answer = process.bytes(Span::from_u64(answer), limits.result_bytes)?;
            match Outcome::read(answer).map_err(bad_result)? {
                Outcome::Value(bytes) => read(Reply::Encoded(bytes)).map_err(bad_result),
                Outcome::Failed(failure) => {
                    Err(TaskErrorKind::Failed(Failure::new(failure)).into())
                }
                Outcome::BadArguments(reason) => Err(TaskErrorKind::BadArguments(reason).into()),
                Outcome::BadResult(reason) => Err(TaskErrorKind::BadResult(reason).into()),
            }
        }
    }
}

/// A live instance.
struct Process<'a> {
    module: &'a TaskModule,
    store: Store<Guest>,
    instance: Instance,
    memory: Memory,
}

impl<'a> Process<'a> {
    /// Makes an instance whose deadline holds for as long as the second value lives.
    fn start(
        module: &'a TaskModule,
        limits: &Limits,
        due: Option<Due>,
        interrupt: &Arc<Interrupt>,
    ) -> Result<(Self, Option<Armed>), Fault> {
        let timer = &module.inner.timer;
        let guest = Guest {
            memory: MemoryLimit {
                limit_bytes: limits.memory_bytes,
            },
        };
        let mut store = Store::new(timer.engine(), guest);
        store.limiter(|guest| &mut guest.memory);
        let asked = Arc::clone(interrupt);
        let stopped = move || {
            if asked.is_stopped() {
                return Err(Stopped::Cancelled);
            }
            match due {
                Some(due) if due.is_over() => Err(Stopped::DeadlineExceeded { limit: due.limit }),
                _ => Ok(()),
            }
        };
        store.set_epoch_deadline(1);
        // From here on a stop is seen either by this look or by the guest.
        let early = stopped();
        store.epoch_deadline_callback(move |_| {
            stopped()?;
            Ok(UpdateDeadline::Continue(1))
        });
        early.map_err(|stopped| classify(&stopped.into(), Remains::none()))?;
        let armed = due.map(|due| timer.arm(due.at)).transpose();
        let armed = armed.map_err(|error| no_sandbox(&error))?;

        let instance = module.inner.instance.instantiate(&mut store);
        let instance = instance.map_err(|error| Fault {
            kind: classify(&error, Remains::none()),
            backtrace: Vec::new(),
        })?;
        let memory = instance
            .get_module_export(&mut store, &module.inner.exports.memory)
            .and_then(Extern::into_memory)
            .expect("the export was checked at load");
        let process = Self {
            module,
            store,
            instance,
            memory,
        };
        Ok((process, armed))
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
        let alloc = &self.module.inner.exports.alloc;
        let len = length(bytes)?;
        let ptr: u32 = self.call(alloc, (len,))?;
        self.slice_mut(Span { ptr, len })?.copy_from_slice(bytes);
        Ok(ptr)
    }

    fn slice_mut(&mut self, span: Span) -> Result<&mut [u8], Fault> {
        let memory = self.memory.data_mut(&mut self.store);
        let range = span.range(memory.len()).ok_or_else(outside)?;
        Ok(&mut memory[range])
    }

    /// Returns a piece of the guest's memory, wherever the guest says that it is.
    fn bytes(&self, span: Span, limit_bytes: usize) -> Result<&[u8], Fault> {
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
        let exports = &self.module.inner.exports;
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

#[expect(
    clippy::needless_pass_by_value,
    reason = "the shape that `map_err` wants"
)]
fn bad_result(error: CodecError) -> Fault {
    TaskErrorKind::BadResult(error.to_string()).into()
}

fn no_sandbox(error: &dyn std::error::Error) -> Fault {
    TaskErrorKind::NoSandbox(error.to_string()).into()
}

//! One instance: arguments in, reply out.

use std::path::PathBuf;
use std::sync::Arc;

use sandpool_abi::{PANIC_REPORT_BYTES, PanicReport, Span};
use wasmtime::{
    Extern, Instance, Memory, ModuleExport, Store, TypedFunc, Val, WasmParams, WasmResults,
};

use crate::error::TaskErrorKind;
use crate::interruption::Interruption;
use crate::limits::{Due, Limits};
use crate::sandbox::alarm::Armed;
use crate::sandbox::epochs;
use crate::sandbox::guest::Guest;
use crate::sandbox::module::{Entry, TaskModule};
use crate::sandbox::processes::{Call, Ending, Fault};
use crate::sandbox::trap::{Allowed, Remains, classify, frames};
#[cfg(feature = "wasi")]
use crate::sandbox::wasi::{System, program};
use crate::stats::Counters;

/// Has the limits of a task hold in the store, which has the flags if it polls some.
fn begin(
    store: &mut Store<Guest>,
    module: &TaskModule,
    call: &Call<'_>,
    due: Option<&Due>,
    flags: Option<Memory>,
) -> Result<Option<Armed>, Fault> {
    let name = || module.task(call.entry).name();
    let is_other = store.data_mut().begin(name, call, due);
    if let (Some(flags), true) = (flags, is_other) {
        Guest::watch(store, flags);
    }
    if module.counts_fuel() {
        let set = store.set_fuel(call.limits.fuel.unwrap_or(ENDLESS_FUEL));
        set.expect("the engine counts fuel");
    }
    if module.interruption() == Interruption::Epochs {
        epochs::begin(store);
    }
    // From here on a stop is seen either by this look or by the guest, once that is watched.
    go_on(store)?;
    let timer = &module.inner.timer;
    let armed = due.map(|due| timer.arm(due.at, call.interrupt)).transpose();
    armed.map_err(|error| no_sandbox(&error))
}

/// Checks that the task is not to be ended.
#[inline]
fn go_on(store: &Store<Guest>) -> Result<(), Fault> {
    let stopped = store.data().stopped();
    stopped.map_err(|stopped| TaskErrorKind::from(stopped).into())
}

/// What a task has that has no limit: more than can be burnt in a lifetime.
const ENDLESS_FUEL: u64 = u64::MAX;

/// A live instance.
pub(crate) struct Process {
    module: TaskModule,
    store: Store<Guest>,
    instance: Instance,
    memory: Memory,
    /// The memory with the flags that it polls, if it does.
    flags: Option<Memory>,
    last: Last,
    /// How many tasks it has done.
    tasks: usize,
    counters: Arc<Counters>,
}

/// The functions that were called last: to look one up takes longer than to call it.
#[derive(Default)]
struct Last {
    alloc: Option<TypedFunc<(u32,), u32>>,
    /// With the task.
    scalar: Option<(Entry, Scalar)>,
    encoded: Option<(Entry, Encoded)>,
}

/// Whether this is what the call is for.
fn is_of<F>(last: Option<&(Entry, F)>, call: &Call<'_>) -> bool {
    last.is_some_and(|(entry, _)| *entry == call.entry)
}

type Scalar = TypedFunc<(u64, u64, u64, u64), u64>;
type Encoded = TypedFunc<(u32, u32, u32), u64>;

impl Process {
    /// Makes an instance for a task. The task's deadline holds for as long as the second value lives.
    pub(crate) fn start(
        module: &TaskModule,
        counters: &Arc<Counters>,
        call: &Call<'_>,
        due: Option<&Due>,
    ) -> Result<(Box<Self>, Option<Armed>), Fault> {
        let guest = Guest::new(&module.inner.settings.grants)?;
        let mut store = Store::new(module.inner.timer.engine(), guest);
        store.limiter(|guest| &mut guest.growth);
        if module.interruption() == Interruption::Epochs {
            epochs::watch(&mut store);
        }
        let armed = begin(&mut store, module, call, due, None)?;
        let instance = module.inner.instance.instantiate(&mut store);
        let allowed = allowed(module, call.limits);
        let instance = instance
            .map_err(|error| Fault::from(classify(&error, Remains::default(), &allowed)))?;
        let exports = &module.inner.exports;
        let memory = find_memory(&instance, &mut store, &exports.memory);
        let flags = exports.flags.as_ref();
        let flags = flags.map(|flags| find_memory(&instance, &mut store, flags));
        counters.count_instance_made();
        let mut process = Box::new(Self {
            module: module.clone(),
            store,
            instance,
            memory,
            flags,
            last: Last::default(),
            tasks: 0,
            counters: Arc::clone(counters),
        });
        if let Some(flags) = process.flags {
            Guest::watch(&process.store, flags);
            // It could be stopped before there were flags to be raised.
            go_on(&process.store)?;
        }
        if let Some(initialize) = &module.inner.exports.initialize {
            let initialize = process.find(initialize);
            process.call::<(), ()>(call, &initialize, ())?;
        }
        Ok((process, armed))
    }

    /// Prepares for one more task. Its deadline holds for as long as the returned value lives.
    #[inline]
    pub(crate) fn begin(
        &mut self,
        call: &Call<'_>,
        due: Option<&Due>,
    ) -> Result<Option<Armed>, Fault> {
        begin(&mut self.store, &self.module, call, due, self.flags)
    }

    /// Returns how much fuel was burnt since the last [`begin`](Self::begin), if that is counted.
    #[inline]
    pub(crate) fn fuel_used(&self, limits: &Limits) -> Option<u64> {
        if !self.module.counts_fuel() {
            return None;
        }
        let left = self.store.get_fuel().expect("the engine counts fuel");
        Some(limits.fuel.unwrap_or(ENDLESS_FUEL).saturating_sub(left))
    }

    /// Lets go of the task. Returns how many that were.
    #[inline]
    pub(crate) fn end(&mut self) -> usize {
        self.store.data_mut().end();
        self.tasks += 1;
        self.tasks
    }

    /// Returns the size of the instance's memory.
    #[inline]
    pub(crate) fn memory_bytes(&self) -> usize {
        self.store.data().growth.memory_bytes()
    }

    /// Returns the instance's memory.
    pub(super) fn memory(&self) -> &[u8] {
        self.memory.data(&self.store)
    }

    /// Returns the value of an exported global.
    pub(super) fn exported_global(&mut self, name: &str) -> Option<Val> {
        let global = self.instance.get_global(&mut self.store, name)?;
        Some(global.get(&mut self.store))
    }

    /// Calls a task whose arguments and result are scalars.
    pub(crate) fn call_scalar(&mut self, call: &Call<'_>, slots: [u64; 4]) -> Result<u64, Fault> {
        if !is_of(self.last.scalar.as_ref(), call) {
            let module = Arc::clone(&self.module.inner);
            let scalar = module.task_exports(call.entry).scalar.as_ref();
            let function = self.find(scalar.expect("the signatures were compared"));
            self.last.scalar = Some((call.entry, function));
        }
        let (_, function) = self.last.scalar.as_ref().expect("it was looked up");
        let result = function.call(&mut self.store, slots.into());
        result.map_err(|error| self.fault(call, &error))
    }

    /// Calls a task with encoded arguments, and returns where it says that its answer is.
    pub(crate) fn call_encoded(&mut self, call: &Call<'_>) -> Result<Span, Fault> {
        let len = length(call.arguments.encoded_len())?;
        if self.last.alloc.is_none() {
            let module = Arc::clone(&self.module.inner);
            let alloc = module.exports.alloc.as_ref();
            self.last.alloc = Some(self.find(alloc.expect("a module with tasks has it")));
        }
        if !is_of(self.last.encoded.as_ref(), call) {
            self.last.encoded = Some((call.entry, self.find_entry(call)));
        }
        // The guest reserves memory for the arguments.
        let alloc = self.last.alloc.as_ref().expect("it was looked up");
        let ptr = alloc.call(&mut self.store, (len,));
        let ptr = ptr.map_err(|error| self.fault(call, &error))?;
        let mut to = self.slice_mut(Span { ptr, len })?;
        call.arguments.for_each_piece(|piece| {
            to.split_off_mut(..piece.len())
                .expect("they are so many bytes")
                .copy_from_slice(piece);
        });
        let (_, function) = self.last.encoded.as_ref().expect("it was looked up");
        let encoding = call.arguments.encoding() as u32;
        let answer = function.call(&mut self.store, (encoding, ptr, len));
        let answer = answer.map_err(|error| self.fault(call, &error))?;
        Ok(Span::from_u64(answer))
    }

    #[cfg(feature = "wasi")]
    pub(crate) fn is_program(&self) -> bool {
        self.module.is_program()
    }

    /// Runs a program, and returns what it wrote to stdout.
    #[cfg(feature = "wasi")]
    pub(crate) fn run_program(
        &mut self,
        call: &Call<'_>,
        stdin: Vec<u8>,
    ) -> Result<Vec<u8>, Fault> {
        self.system().run_program(stdin, call.limits.result_bytes);
        let start = self.find_entry(call);
        let ended = self.call::<(), ()>(call, &start, ());
        program::outcome(self.system(), ended, call.limits.panic_bytes)
    }

    #[cfg(feature = "wasi")]
    fn system(&self) -> &System {
        let system = self.store.data().host.wasi.as_ref();
        system.expect("a program is loaded with WASI only")
    }

    /// Returns the function that takes encoded arguments, or that a program begins with.
    fn find_entry<P: WasmParams, R: WasmResults>(&mut self, call: &Call<'_>) -> TypedFunc<P, R> {
        let module = Arc::clone(&self.module.inner);
        self.find(&module.task_exports(call.entry).call)
    }

    /// Returns an export whose type was checked at load.
    fn find<P: WasmParams, R: WasmResults>(&mut self, export: &ModuleExport) -> TypedFunc<P, R> {
        self.instance
            .get_module_export(&mut self.store, export)
            .and_then(Extern::into_func)
            .and_then(|function| function.typed(&self.store).ok())
            .expect("the export was checked at load")
    }

    fn call<P: WasmParams, R: WasmResults>(
        &mut self,
        call: &Call<'_>,
        function: &TypedFunc<P, R>,
        parameters: P,
    ) -> Result<R, Fault> {
        let result = function.call(&mut self.store, parameters);
        result.map_err(|error| self.fault(call, &error))
    }

    /// Returns what the engine's error means.
    fn fault(&mut self, call: &Call<'_>, error: &wasmtime::Error) -> Fault {
        let remains = self.remains();
        let kind = classify(error, remains, &allowed(&self.module, call.limits));
        let coredump = match &kind {
            TaskErrorKind::Panicked(_)
            | TaskErrorKind::Trapped(_)
            | TaskErrorKind::StackOverflow { .. } => self.coredump(call, error),
            _ => None,
        };
        Fault::new(Ending {
            kind,
            backtrace: frames(error, self.module.info().functions()),
            coredump,
        })
    }

    fn coredump(&mut self, call: &Call<'_>, error: &wasmtime::Error) -> Option<PathBuf> {
        let inner = Arc::clone(&self.module.inner);
        let task = self.module.task(call.entry).name();
        let coredumps = inner.settings.coredumps.as_ref();
        coredumps?.write(error, &mut self.store, task)
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
        // The stack lies at the bottom of memory and grows down: below it, the pointer wraps.
        let stack_used_up = exports.stack_pointer.as_ref().and_then(|(bytes, export)| {
            let pointer = self.global(export)?;
            (pointer.cast_signed() < 0).then_some(*bytes)
        });
        let panic = exports.panic.as_ref().and_then(|panic| self.global(panic));
        Remains {
            stopped: self.store.data().trapped(),
            panic: panic.and_then(|ptr| self.panic_report(ptr)),
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
        self.counters.count_instance_retired();
    }
}

fn find_memory(instance: &Instance, store: &mut Store<Guest>, export: &ModuleExport) -> Memory {
    let memory = instance.get_module_export(store, export);
    memory
        .and_then(Extern::into_memory)
        .expect("the export was checked at load")
}

fn allowed(module: &TaskModule, limits: &Limits) -> Allowed {
    Allowed {
        stack_bytes: module.stack_bytes(),
        fuel: limits.fuel.unwrap_or(ENDLESS_FUEL),
        panic_bytes: limits.panic_bytes,
    }
}

fn length(bytes: usize) -> Result<u32, Fault> {
    u32::try_from(bytes).map_err(|_| {
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

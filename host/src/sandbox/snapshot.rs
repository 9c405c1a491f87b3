//! Modules whose sandboxes begin where another one has ended.

use std::collections::HashMap;
use std::future::{self, Future};
use std::pin::pin;
use std::task::{Context, Poll, Waker};
use std::thread;

use sandpool_abi::codec::CodecError;
use sandpool_abi::imports::{CLOCK, MODULE, RANDOM};
use sandpool_abi::{Arguments, Encoding, PANIC_EXPORT, Task};
use wasmparser::{BinaryReaderError, ExternalKind, Parser, Payload};
use wasmtime::Val;
use wasmtime_wizer::{InstanceState, SnapshotVal, ValType, Wizer};

use crate::error::{LoadError, SnapshotError, TaskErrorKind};
use crate::grants::WASI_MODULE;
use crate::limits::Limits;
use crate::panic_place;
use crate::sandbox::builder::Settings;
use crate::sandbox::info::STACK_POINTER;
use crate::sandbox::instance::Process;
use crate::sandbox::module::TaskModule;
use crate::sandbox::processes::{self, Ending, Fault, Initializer};
use crate::sandbox::rewrite;

/// The stack of the thread that makes a snapshot, beside what guests may use.
const STACK_BYTES: usize = 2 << 20;

impl TaskModule {
    /// Runs a task in a new sandbox, and returns the module with what is in that sandbox's memory then: its
    /// sandboxes begin where that one has ended. The task's result is dropped.
    ///
    /// It is a module as any other: to be kept in a file, and loaded, on this machine or another. Only the memory
    /// and the globals are in it, so it has to be loaded with the same grants. What the task has drawn at
    /// random is the same in all sandboxes from then on.
    ///
    /// [`ProcessPoolBuilder::initializer`](crate::ProcessPoolBuilder::initializer) does this by itself, where
    /// it can.
    ///
    /// ```
    /// # use guest_tasks::primes_below;
    /// use sandpool::{Limits, ProcessPool, TaskModule};
    ///
    /// # fn main() -> anyhow::Result<()> {
    /// let module = TaskModule::new(guest_tasks::MODULE)?;
    /// // The pages that it has used are there from the start, for the tasks after it.
    /// let warm = module.snapshot(primes_below, 1_000_000, &Limits::new())?;
    /// let pool = ProcessPool::new(&warm)?;
    /// assert_eq!(pool.submit(primes_below, 10)?.join()?, 4);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// - [`SnapshotError::Load`]: the module does not have the task, or with other types;
    /// - [`SnapshotError::Task`]: the task has failed, or ran into one of the limits;
    /// - [`SnapshotError::Unsupported`]: sandboxes of the module have a state that a module cannot hold.
    pub fn snapshot<T: Task>(
        &self,
        task: T,
        args: T::Args,
        limits: &Limits,
    ) -> Result<Vec<u8>, SnapshotError> {
        let _ = task;
        let entry = self.typed_entry::<T>()?;
        let arguments = T::encode(&args).map(Arguments::into_owned);
        let name = T::RECORD.name;
        let bad = |error: CodecError| TaskErrorKind::BadArguments(error.to_string());
        let arguments = arguments.map_err(|error| failed(name, *Fault::from(bad(error))))?;
        self.snapshot_after(
            &Initializer {
                name: name.to_owned(),
                entry,
                arguments,
            },
            limits,
        )
    }

    /// As [`snapshot`](Self::snapshot), of the task of this name with arguments as JSON text: see
    /// [`ProcessPool::submit_json`](crate::ProcessPool::submit_json).
    ///
    /// # Errors
    ///
    /// As [`snapshot`](Self::snapshot).
    pub fn snapshot_json(
        &self,
        task: &str,
        json: impl Into<String>,
        limits: &Limits,
    ) -> Result<Vec<u8>, SnapshotError> {
        let initializer = Initializer {
            name: task.to_owned(),
            entry: self.entry(task)?,
            arguments: Arguments::Encoded(Encoding::Json, json.into().into_bytes().into()),
        };
        self.snapshot_after(&initializer, limits)
    }

    /// Returns the module as it is after an initializer.
    pub(crate) fn snapshot_after(
        &self,
        initializer: &Initializer,
        limits: &Limits,
    ) -> Result<Vec<u8>, SnapshotError> {
        if limits.fuel.is_some() && !self.counts_fuel() {
            return Err(SnapshotError::NotMetered);
        }
        if let Some(reason) = self.state_outside() {
            return Err(SnapshotError::Unsupported(reason.to_owned()));
        }
        let _sandbox = self.reserve(1).map_err(|_| {
            let reason = "the module has none left, or the process no mappings for one".to_owned();
            failed(
                &initializer.name,
                *Fault::from(TaskErrorKind::NoSandbox(reason)),
            )
        })?;
        let make = || {
            let process = processes::run_once(self, initializer, limits);
            let mut process = process.map_err(|fault| failed(&initializer.name, *fault))?;
            self.write_back(&mut process)
        };
        thread::scope(|scope| {
            let maker = thread::Builder::new()
                .name("sandpool-snapshot".to_owned())
                .stack_size(self.stack_bytes() + STACK_BYTES)
                .spawn_scoped(scope, || panic_place::catch(make));
            let made = maker.map_err(LoadError::Thread)?.join();
            match made.expect("panics are caught") {
                Ok(snapshot) => snapshot,
                Err(panic) => Err(SnapshotError::Unsupported(panic.to_string())),
            }
        })
    }

    /// Loads a snapshot of this module, with the same settings.
    pub(crate) fn load_snapshot(&self, wasm: Vec<u8>, limits: &Limits) -> Result<Self, LoadError> {
        let mut settings: Settings = self.inner.settings.clone();
        // It is as large as the memory that it was made from, which was within its own limit.
        settings.limits.module_bytes = usize::MAX;
        settings.snapshot_bytes = limits.memory_bytes as u64;
        Self::load(wasm, settings)
    }

    /// Returns what of a sandbox's state is not in the guest's memory, or is not to be shared.
    fn state_outside(&self) -> Option<&'static str> {
        if self.is_program() {
            return Some("a program has a sandbox for itself alone");
        }
        let mut imports = self.info().imports().iter();
        imports.find_map(|import| match (import.module(), import.name()) {
            (WASI_MODULE, _) => Some("it uses WASI, whose files and streams the host keeps"),
            (MODULE, RANDOM) => Some("it uses randomness, which all sandboxes would share"),
            (MODULE, CLOCK) => Some("it uses the clock, which begins anew in each sandbox"),
            _ => None,
        })
    }

    /// Returns the module with the state of this instance of it.
    fn write_back(&self, process: &mut Process) -> Result<Vec<u8>, SnapshotError> {
        let wizer = Wizer::new();
        let unsupported = |error| SnapshotError::Unsupported(format!("{error:#}"));
        let own_exports = exports(&self.inner.wasm).map_err(malformed)?;
        if own_exports.iter().any(|(name, ..)| name.starts_with(WIZER)) {
            let reason = format!("it has exports whose names begin with `{WIZER}`");
            return Err(SnapshotError::Unsupported(reason));
        }
        // The exports that it adds say what it wants to know. The instance has others for that.
        let (context, instrumented) = wizer.instrument(&self.inner.wasm).map_err(unsupported)?;
        let added = exports(&instrumented).map_err(malformed)?;
        let added = added.iter().skip(own_exports.len());
        let globals = added.filter(|(_, kind, _)| *kind == ExternalKind::Global);
        let globals = globals.map(|(name, _, index)| {
            let global = rewrite::global_export(self.info(), *index);
            let value = process.exported_global(&global).ok_or_else(|| {
                SnapshotError::Unsupported("it has too many globals that can change".to_owned())
            })?;
            Ok(((*name).to_owned(), value))
        });
        let globals = globals.collect::<Result<_, SnapshotError>>()?;
        let dead_bytes = dead_stack(process);
        let mut memory = process.memory().to_vec();
        memory[..dead_bytes].fill(0);
        let mut state = State { globals, memory };
        let snapshot = pin!(wizer.snapshot(&context, &mut state));
        match snapshot.poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(wasm) => wasm.map_err(unsupported),
            Poll::Pending => unreachable!("the state waits for nothing"),
        }
    }
}

/// What the names of exports begin with that are added to read a sandbox's state.
const WIZER: &str = "__wizer";

/// Returns the exports of a module, in order.
fn exports(wasm: &[u8]) -> Result<Vec<(&str, ExternalKind, u32)>, BinaryReaderError> {
    let mut exports = Vec::new();
    for payload in Parser::new(0).parse_all(wasm) {
        if let Payload::ExportSection(section) = payload? {
            for export in section {
                let export = export?;
                exports.push((export.name, export.kind, export.index));
            }
        }
    }
    Ok(exports)
}

#[expect(
    clippy::needless_pass_by_value,
    reason = "the shape that `map_err` wants"
)]
fn malformed(error: BinaryReaderError) -> SnapshotError {
    SnapshotError::Unsupported(error.to_string())
}

/// Returns how many bytes at the bottom of memory belong to the stack, while no call runs: what is there means
/// nothing any more. It is the stack if the statics lie above it, of which the panic report is one.
fn dead_stack(process: &mut Process) -> usize {
    let mut address = |name| match process.exported_global(name) {
        Some(Val::I32(address)) => usize::try_from(address.cast_unsigned()).ok(),
        _ => None,
    };
    let (top, report) = (address(STACK_POINTER), address(PANIC_EXPORT));
    let memory_bytes = process.memory().len();
    match (top, report) {
        (Some(top), Some(report)) if top <= report && top <= memory_bytes => top,
        _ => 0,
    }
}

struct State {
    globals: HashMap<String, Val>,
    memory: Vec<u8>,
}

impl InstanceState for State {
    fn global_get(&mut self, name: &str, _: ValType) -> impl Future<Output = SnapshotVal> + Send {
        future::ready(match self.globals[name] {
            Val::I32(value) => SnapshotVal::I32(value),
            Val::I64(value) => SnapshotVal::I64(value),
            Val::F32(bits) => SnapshotVal::F32(bits),
            Val::F64(bits) => SnapshotVal::F64(bits),
            Val::V128(bits) => SnapshotVal::V128(bits.as_u128()),
            _ => unreachable!("references are refused"),
        })
    }

    fn memory_contents(
        &mut self,
        _name: &str,
        contents: impl FnOnce(&[u8]) + Send,
    ) -> impl Future<Output = ()> + Send {
        contents(&self.memory);
        future::ready(())
    }
}

fn failed(task: &str, ending: Ending) -> SnapshotError {
    SnapshotError::Task(ending.into_error(task.to_owned().into()))
}

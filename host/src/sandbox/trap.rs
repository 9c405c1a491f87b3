//! From wasmtime's error to how the task ended.

use std::fmt;
use std::time::Duration;

use sandpool_abi::PanicReport;
use wasmtime::{Trap, WasmBacktrace};

use crate::error::{Frame, Panic, Place, TaskErrorKind, TrapKind};
use crate::grants::WASI_MODULE;
use crate::sandbox::memory::OverLimit;
use crate::text::cut;

/// Why a guest was stopped from outside.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Stopped {
    Cancelled,
    DeadlineExceeded { limit: Duration },
}

impl From<Stopped> for TaskErrorKind {
    fn from(stopped: Stopped) -> Self {
        match stopped {
            Stopped::Cancelled => Self::Cancelled,
            Stopped::DeadlineExceeded { limit } => Self::DeadlineExceeded { limit },
        }
    }
}

impl fmt::Display for Stopped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("stopped")
    }
}

impl std::error::Error for Stopped {}

/// How a function of the host has a task end.
#[derive(Debug)]
pub(crate) struct HostFault(pub(crate) TaskErrorKind);

impl fmt::Display for HostFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl std::error::Error for HostFault {}

/// What the dead instance tells.
#[derive(Default)]
pub(crate) struct Remains {
    /// Why its flags were raised, if they were.
    pub(crate) stopped: Option<Stopped>,
    /// What its panic hook wrote.
    pub(crate) panic: Option<PanicReport>,
    /// The size of the stack in its memory, if its stack pointer has left that.
    pub(crate) stack_used_up: Option<usize>,
}

/// The limits that a trap may be about.
pub(crate) struct Allowed {
    pub(crate) stack_bytes: usize,
    pub(crate) fuel: u64,
    pub(crate) panic_bytes: usize,
}

/// Returns how the task ended. The order matters: a stop or a limit is our doing and the trap only
/// how it was done; a panic ends in a trap, too.
pub(crate) fn classify(
    error: &wasmtime::Error,
    remains: Remains,
    allowed: &Allowed,
) -> TaskErrorKind {
    if let Some(over) = error.downcast_ref::<OverLimit>() {
        return (*over).into();
    }
    if let Some(HostFault(kind)) = error.downcast_ref() {
        return kind.clone();
    }
    if let Some(&stopped) = error.downcast_ref::<Stopped>() {
        return stopped.into();
    }
    let Some(trap) = error.downcast_ref::<Trap>() else {
        return match error.downcast_ref::<WasmBacktrace>() {
            // The guest was running: this is what the engine's own functions of WASI do with a bad pointer.
            Some(_) => TaskErrorKind::BadHostCall {
                function: WASI_MODULE.to_owned(),
                reason: reason(error),
            },
            None => TaskErrorKind::NoSandbox(format!("{error:#}")),
        };
    };
    // Before the panic: a guest may write anything where the report is looked for.
    if let (Trap::UnreachableCodeReached, Some(stopped)) = (trap, remains.stopped) {
        return stopped.into();
    }
    if let (Trap::UnreachableCodeReached, Some(report)) = (trap, remains.panic) {
        return TaskErrorKind::Panicked(Panic {
            message: cut(report.message, allowed.panic_bytes),
            place: Some(Place {
                file: report.file,
                line: report.line,
                column: report.column,
            }),
        });
    }
    TaskErrorKind::Trapped(match trap {
        Trap::StackOverflow => {
            return TaskErrorKind::StackOverflow {
                limit_bytes: allowed.stack_bytes,
            };
        }
        Trap::OutOfFuel => {
            return TaskErrorKind::FuelExhausted {
                limit: allowed.fuel,
            };
        }
        Trap::MemoryOutOfBounds => match remains.stack_used_up {
            Some(limit_bytes) => return TaskErrorKind::StackOverflow { limit_bytes },
            None => TrapKind::MemoryOutOfBounds,
        },
        Trap::TableOutOfBounds => TrapKind::TableOutOfBounds,
        Trap::IndirectCallToNull | Trap::BadSignature => TrapKind::BadFunctionPointer,
        Trap::IntegerDivisionByZero => TrapKind::DivisionByZero,
        Trap::IntegerOverflow | Trap::BadConversionToInteger => TrapKind::IntegerOverflow,
        Trap::UnreachableCodeReached => TrapKind::Unreachable,
        _ => TrapKind::Other,
    })
}

#[cfg(feature = "wasi")]
use crate::sandbox::wasi::reason;

#[cfg(not(feature = "wasi"))]
fn reason(error: &wasmtime::Error) -> String {
    error.root_cause().to_string()
}

/// Cuts a name that the module made longer than anybody wants to read, and the host to hold.
fn start_of(name: &str) -> &str {
    const MOST_BYTES: usize = 512;
    &name[..name.floor_char_boundary(MOST_BYTES)]
}

/// Returns the functions that were running, with the names that the module gives them. Those of the
/// panic's own machinery, at the top, are left out, and those that were added to the module's own.
pub(crate) fn frames(error: &wasmtime::Error, functions: usize) -> Vec<Frame> {
    const MACHINERY: [&str; 5] = [
        "__rustc::",
        "core::panicking::",
        "core::result::unwrap_failed",
        "std::panicking::",
        "std::sys::backtrace::",
    ];
    let Some(backtrace) = error.downcast_ref::<WasmBacktrace>() else {
        return Vec::new();
    };
    let names = backtrace
        .frames()
        .iter()
        .filter(|frame| (frame.func_index() as usize) < functions)
        .map(|frame| match frame.func_name() {
            // `#[task]` puts the function into an anonymous constant.
            Some(name) => {
                format!("{:#}", rustc_demangle::demangle(start_of(name))).replace("::_::", "::")
            }
            None => "<unknown>".to_owned(),
        });
    names
        .skip_while(|name| MACHINERY.iter().any(|start| name.starts_with(start)))
        .map(|function| Frame { function })
        .collect()
}

//! From wasmtime's error to how the task ended.

use std::fmt;
use std::time::Duration;

use sandpool_abi::PanicReport;
use wasmtime::{Trap, WasmBacktrace};

use crate::error::{Frame, Panic, Place, TaskErrorKind, TrapKind};
use crate::sandbox::memory::OverLimit;

/// Why a guest was stopped from outside.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Stopped {
    Cancelled,
    DeadlineExceeded { limit: Duration },
}

impl fmt::Display for Stopped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("stopped")
    }
}

impl std::error::Error for Stopped {}

/// What the dead instance tells.
pub(crate) struct Remains {
    /// What its panic hook wrote.
    pub(crate) panic: Option<PanicReport>,
    /// Whether its stack pointer has left the stack.
    pub(crate) stack_used_up: bool,
}

/// Returns how the task ended. The order matters: a stop or a limit is our doing and the trap only
/// how it was done; a panic ends in a trap, too.
pub(crate) fn classify(error: &wasmtime::Error, remains: Remains) -> TaskErrorKind {
    if let Some(over) = error.downcast_ref::<OverLimit>() {
        return TaskErrorKind::MemoryLimitExceeded {
            requested_bytes: over.requested_bytes,
            limit_bytes: over.limit_bytes,
        };
    }
    match error.downcast_ref::<Stopped>() {
        Some(Stopped::Cancelled) => return TaskErrorKind::Cancelled,
        Some(&Stopped::DeadlineExceeded { limit }) => {
            return TaskErrorKind::DeadlineExceeded { limit };
        }
        None => {}
    }
    let Some(trap) = error.downcast_ref::<Trap>() else {
        return TaskErrorKind::NoSandbox(format!("{error:#}"));
    };
    if let (Trap::UnreachableCodeReached, Some(report)) = (trap, remains.panic) {
        return TaskErrorKind::Panicked(Panic {
            message: report.message,
            place: Some(Place {
                file: report.file,
                line: report.line,
                column: report.column,
            }),
        });
    }
    TaskErrorKind::Trapped(match trap {
        Trap::StackOverflow => return TaskErrorKind::StackOverflow,
        Trap::MemoryOutOfBounds if remains.stack_used_up => return TaskErrorKind::StackOverflow,
        Trap::MemoryOutOfBounds => TrapKind::MemoryOutOfBounds,
        Trap::TableOutOfBounds => TrapKind::TableOutOfBounds,
        Trap::IndirectCallToNull | Trap::BadSignature => TrapKind::BadFunctionPointer,
        Trap::IntegerDivisionByZero => TrapKind::DivisionByZero,
        Trap::IntegerOverflow | Trap::BadConversionToInteger => TrapKind::IntegerOverflow,
        Trap::UnreachableCodeReached => TrapKind::Unreachable,
        _ => TrapKind::Other,
    })
}

/// Cuts a name that the module made longer than anybody wants to read, and the host to hold.
fn cut(name: &str) -> &str {
    const MOST_BYTES: usize = 512;
    &name[..name.floor_char_boundary(MOST_BYTES)]
}

/// Returns the functions that were running, with the names that the module gives them. Those of the
/// panic's own machinery, at the top, are left out.
pub(crate) fn frames(error: &wasmtime::Error) -> Vec<Frame> {
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
        .map(|frame| match frame.func_name() {
            // `#[task]` puts the function into an anonymous constant.
            Some(name) => {
                format!("{:#}", rustc_demangle::demangle(cut(name))).replace("::_::", "::")
            }
            None => "<unknown>".to_owned(),
        });
    names
        .skip_while(|name| MACHINERY.iter().any(|start| name.starts_with(start)))
        .map(|function| Frame { function })
        .collect()
}

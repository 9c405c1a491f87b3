//! What the end of a program means.

use crate::error::{Failure, TaskErrorKind, TrapKind};
use crate::sandbox::processes::Fault;
use crate::sandbox::wasi::System;
use crate::text::cut;

/// The failure of who exited with this code.
pub(super) fn exited(code: i32) -> Failure {
    Failure {
        message: format!("exited with code {code}"),
        cause: None,
        exit_code: Some(code),
    }
}

/// Returns what a program that has ended wrote to stdout, or how it failed, with so many bytes of what it
/// wrote to stderr.
pub(in crate::sandbox) fn outcome(
    system: &System,
    ended: Result<(), Fault>,
    stderr_bytes: usize,
) -> Result<Vec<u8>, Fault> {
    let Err(mut fault) = ended else {
        return Ok(system.stdout());
    };
    let stderr = cut(system.stderr(), stderr_bytes);
    fault.kind = match fault.kind {
        TaskErrorKind::Failed(failure) if failure.exit_code == Some(0) => {
            return Ok(system.stdout());
        }
        TaskErrorKind::Failed(failure) => TaskErrorKind::Failed(because(failure, stderr)),
        // What it said before tells more than the instruction with which it aborted.
        TaskErrorKind::Trapped(TrapKind::Unreachable) if !stderr.is_empty() => {
            let aborted = Failure {
                message: "aborted".to_owned(),
                cause: None,
                exit_code: None,
            };
            TaskErrorKind::Failed(because(aborted, stderr))
        }
        other => other,
    };
    Err(fault)
}

fn because(failure: Failure, stderr: String) -> Failure {
    let cause = Failure {
        message: stderr,
        cause: None,
        exit_code: None,
    };
    let is_silent = cause.message.is_empty();
    Failure {
        cause: (!is_silent).then(|| Box::new(cause)),
        ..failure
    }
}

//! Ctrl-C, and the other signals that ask a process to end.

use std::process::ExitCode;

use anyhow::Context;

/// What shells expect of a command that Ctrl-C has ended: 128 and the number of the signal.
const INTERRUPTED: u8 = 130;

pub(super) fn exit_code() -> ExitCode {
    ExitCode::from(INTERRUPTED)
}

/// Has `stop` called, on a thread of its own, when the signal comes. When it comes again the process
/// ends on the spot: whoever reads the results may have stopped reading, and a write that waits for
/// that cannot be called off.
pub(super) fn on_signal(stop: impl Fn() + Send + 'static) -> anyhow::Result<()> {
    let mut again = false;
    let handler = move || {
        if again {
            std::process::exit(INTERRUPTED.into());
        }
        again = true;
        stop();
    };
    ctrlc::set_handler(handler).context("Ctrl-C cannot be listened for")
}

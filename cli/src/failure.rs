//! How the command says that something went wrong: the error, its causes, and the exit code.

use std::error::Error;
use std::fmt::Write as _;
use std::io::{self, ErrorKind, Write as _};
use std::process::ExitCode;

use sandpool::TaskError;

use crate::escape;

/// Writes the error to stderr and returns the exit code for it. Says nothing where the reader of
/// stdout has gone away: it has had enough, which is no error.
pub(crate) fn report(error: &anyhow::Error) -> ExitCode {
    if is_closed_pipe(error) {
        return ExitCode::SUCCESS;
    }
    say(&block(error));
    ExitCode::FAILURE
}

/// Writes a line to stderr; there is nobody to tell if that cannot be done.
pub(crate) fn say(line: &str) {
    let _ = writeln!(io::stderr(), "{line}");
}

/// Returns the error and its causes on one line.
pub(crate) fn line(error: &dyn Error) -> String {
    let mut line = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let _ = write!(line, ": {error}");
        cause = error.source();
    }
    escape::line(&line)
}

/// Returns the error and its causes on a line each, and where in the sandbox it happened.
fn block(error: &anyhow::Error) -> String {
    const MOST_FRAMES: usize = 16;
    let mut block = format!("error: {}", escape::block(&error.to_string()));
    for cause in error.chain().skip(1) {
        let cause = escape::block(&cause.to_string());
        let _ = write!(block, "\n  caused by: {cause}");
    }
    let task = error.downcast_ref::<TaskError>();
    let frames = task.map_or(&[][..], TaskError::backtrace);
    let mut frames = frames.chunk_by(|one, next| one == next);
    for repeated in frames.by_ref().take(MOST_FRAMES) {
        let function = escape::line(repeated[0].function());
        let _ = match repeated.len() {
            1 => write!(block, "\n  in {function}"),
            times => write!(block, "\n  in {function} ({times} times)"),
        };
    }
    if frames.next().is_some() {
        block += "\n  ...";
    }
    block
}

fn is_closed_pipe(error: &anyhow::Error) -> bool {
    let is = |error: &io::Error| error.kind() == ErrorKind::BrokenPipe;
    error
        .chain()
        .any(|cause| cause.downcast_ref().is_some_and(is))
}

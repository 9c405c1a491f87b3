//! A task ended without a value.

use std::fmt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::completion::TaskName;
use crate::text::{Escaped, cut};

/// How a task ended, if not with a value. The same for both pools; names the task.
///
/// Messages, names and places of a sandboxed task are what the sandbox says. They are cut to
/// [a limit](crate::Limits::panic_bytes), and shown with control characters escaped and lines indented;
/// methods that return a `&str` return it as it came.
#[derive(Clone, Debug)]
pub struct TaskError {
    // One pointer: every result carries room for the error.
    inner: Box<Inner>,
}

#[derive(Clone, Debug)]
struct Inner {
    task: TaskName,
    kind: TaskErrorKind,
    backtrace: Vec<Frame>,
    coredump: Option<PathBuf>,
}

/// The ways in which a task can end without a value.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum TaskErrorKind {
    /// The task returned `Err`. The text is the error's [`source`](std::error::Error::source).
    Failed(Failure),
    /// The task panicked.
    Panicked(Panic),
    /// The task executed an instruction that ends a sandbox.
    Trapped(TrapKind),
    /// The task used up its stack.
    StackOverflow {
        /// The stack that it had, in bytes: the one that the engine keeps for calls, or the one that the
        /// module keeps in its memory.
        limit_bytes: usize,
    },
    /// The task ran out of time and was stopped.
    DeadlineExceeded {
        /// The time that it had.
        limit: Duration,
    },
    /// The task asked for more memory than it may have.
    MemoryLimitExceeded {
        /// What its memory would have grown to, in bytes.
        requested_bytes: usize,
        /// What it may grow to, in bytes.
        limit_bytes: usize,
    },
    /// The task asked for a larger table than it may have.
    TableLimitExceeded {
        /// How many elements its table would have grown to.
        requested_elements: usize,
        /// How many it may have.
        limit_elements: usize,
    },
    /// The task burnt all the fuel that it had.
    FuelExhausted {
        /// How much it had.
        limit: u64,
    },
    /// The task's encoded arguments, or the reply of one of the host's functions, are larger than they may
    /// be.
    ArgumentsTooLarge {
        /// Their size in bytes.
        bytes: usize,
        /// The limit in bytes.
        limit_bytes: usize,
    },
    /// The task's encoded result is larger than it may be.
    ResultTooLarge {
        /// Its size in bytes.
        bytes: usize,
        /// The limit in bytes.
        limit_bytes: usize,
    },
    /// The task was cancelled, or its pool shut down before it started.
    Cancelled,
    /// The arguments could not be encoded, or the task could not decode them. Holds the reason.
    BadArguments(String),
    /// The result could not be encoded, or what the sandbox handed over is not one. Holds the reason.
    BadResult(String),
    /// The task called a function of the host in a way that makes no sense.
    BadHostCall {
        /// The function's name.
        function: String,
        /// What was wrong.
        reason: String,
    },
    /// No sandbox could be made to run the task in. Holds the reason.
    NoSandbox(String),
    /// The pool broke before the task could run: see
    /// [`SubmitErrorKind::Broken`](crate::SubmitErrorKind::Broken). Holds the reason.
    #[doc(alias = "BrokenExecutor")]
    #[doc(alias = "BrokenProcessPool")]
    Broken(String),
}

/// The kinds of trap of a sandbox.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum TrapKind {
    /// Memory was accessed beyond its end.
    MemoryOutOfBounds,
    /// A table of functions was accessed beyond its end.
    TableOutOfBounds,
    /// A function pointer was null, or of another type.
    BadFunctionPointer,
    /// An integer was divided by zero.
    DivisionByZero,
    /// An integer operation has no result: `i64::MIN / -1`, a float too large for an integer.
    IntegerOverflow,
    /// Code was reached that says it cannot be: an abort.
    Unreachable,
    /// Another one.
    Other,
}

/// The error that a task returned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    pub(crate) message: String,
    pub(crate) cause: Option<Box<Failure>>,
    pub(crate) exit_code: Option<i32>,
}

/// A panic: its message and its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Panic {
    pub(crate) message: String,
    pub(crate) place: Option<Place>,
}

/// A place in source code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) file: String,
    pub(crate) line: u32,
    pub(crate) column: u32,
}

/// A function that was running in the sandbox when a task was ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame {
    pub(crate) function: String,
}

impl TaskError {
    pub(crate) fn new(task: TaskName, kind: TaskErrorKind, backtrace: Vec<Frame>) -> Self {
        Self {
            inner: Box::new(Inner {
                task,
                kind,
                backtrace,
                coredump: None,
            }),
        }
    }

    pub(crate) fn with_coredump(mut self, path: Option<PathBuf>) -> Self {
        self.inner.coredump = path;
        self
    }

    /// Returns how the task ended.
    #[must_use]
    pub fn kind(&self) -> &TaskErrorKind {
        &self.inner.kind
    }

    /// Returns the task's name: that of the function, or the type of the closure.
    #[must_use]
    pub fn task(&self) -> &str {
        &self.inner.task
    }

    /// Returns the functions that were running in the sandbox when a trap, a panic, a limit or the
    /// deadline ended the task, the innermost first. Empty for everything else and for closures.
    #[must_use]
    pub fn backtrace(&self) -> &[Frame] {
        &self.inner.backtrace
    }

    /// Returns the file with the core dump of the sandbox, if one was
    /// [asked for](crate::TaskModuleBuilder::coredumps) and written.
    #[must_use]
    pub fn coredump(&self) -> Option<&Path> {
        self.inner.coredump.as_deref()
    }

    /// Returns whether the task was cancelled.
    #[must_use]
    #[doc(alias = "CancelledError")]
    pub fn is_cancelled(&self) -> bool {
        matches!(self.kind(), TaskErrorKind::Cancelled)
    }

    /// Returns whether the task panicked.
    #[must_use]
    pub fn is_panic(&self) -> bool {
        matches!(self.kind(), TaskErrorKind::Panicked(_))
    }

    /// Returns whether the task ran out of time.
    #[must_use]
    #[doc(alias = "TimeoutError")]
    pub fn is_timeout(&self) -> bool {
        matches!(self.kind(), TaskErrorKind::DeadlineExceeded { .. })
    }
}

impl fmt::Display for TaskError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "task `{}` {}", Escaped(self.task()), self.kind())
    }
}

impl std::error::Error for TaskError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self.kind() {
            TaskErrorKind::Failed(failure) => Some(failure),
            _ => None,
        }
    }
}

impl fmt::Display for TaskErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Failed(_) => f.write_str("failed"),
            Self::Panicked(panic) => write!(f, "panicked{panic}"),
            Self::Trapped(trap) => write!(f, "trapped: {trap}"),
            Self::StackOverflow { limit_bytes } => {
                write!(f, "used up its stack of {limit_bytes} bytes")
            }
            Self::DeadlineExceeded { limit } => {
                write!(f, "ran longer than its limit of {limit:?} and was stopped")
            }
            Self::MemoryLimitExceeded {
                requested_bytes,
                limit_bytes,
            } => write!(
                f,
                "wanted {requested_bytes} bytes of memory, its limit is {limit_bytes}"
            ),
            Self::TableLimitExceeded {
                requested_elements,
                limit_elements,
            } => write!(
                f,
                "wanted a table of {requested_elements} elements, its limit is {limit_elements}"
            ),
            Self::FuelExhausted { limit } => {
                write!(
                    f,
                    "burnt more fuel than its limit of {limit} and was stopped"
                )
            }
            Self::ArgumentsTooLarge { bytes, limit_bytes } => write!(
                f,
                "was to be given {bytes} bytes, its limit is {limit_bytes}"
            ),
            Self::ResultTooLarge { bytes, limit_bytes } => write!(
                f,
                "returned a result of {bytes} bytes, its limit is {limit_bytes}"
            ),
            Self::Cancelled => f.write_str("was cancelled"),
            Self::BadArguments(reason) => {
                write!(f, "was given bad arguments: {}", Escaped(reason))
            }
            Self::BadResult(reason) => write!(f, "returned a bad result: {}", Escaped(reason)),
            Self::BadHostCall { function, reason } => write!(
                f,
                "called the host's function `{function}` wrongly: {}",
                Escaped(reason)
            ),
            Self::Broken(reason) => write!(f, "was not run, the pool is broken: {reason}"),
            Self::NoSandbox(reason) => write!(f, "got no sandbox to run in: {reason}"),
        }
    }
}

impl fmt::Display for TrapKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::MemoryOutOfBounds => "memory access out of bounds",
            Self::TableOutOfBounds => "table access out of bounds",
            Self::BadFunctionPointer => "null function pointer, or one of another type",
            Self::DivisionByZero => "integer division by zero",
            Self::IntegerOverflow => "integer overflow",
            Self::Unreachable => "abort",
            Self::Other => "the engine gave another reason",
        })
    }
}

impl Failure {
    /// Builds the chain from the texts of the error and its causes. A guest may have sent any number
    /// of them, and the chain is walked recursively: the rest is dropped.
    /// Each text is cut to so many bytes.
    pub(crate) fn new(failure: sandpool_abi::Failure, most_bytes: usize) -> Self {
        const MAX_CAUSES: usize = 64;
        let chain = |cause: Option<Box<Self>>, message| {
            Some(Box::new(Self {
                message: cut(message, most_bytes),
                cause,
                exit_code: None,
            }))
        };
        let causes = failure.causes.into_iter().take(MAX_CAUSES);
        Self {
            cause: causes.rev().fold(None, chain),
            message: cut(failure.message, most_bytes),
            exit_code: None,
        }
    }

    /// Returns the code with which the guest exited, if it did not return: a program of
    /// [WASI](crate::Grants), or a task that called `std::process::exit`.
    #[must_use]
    pub fn exit_code(&self) -> Option<i32> {
        self.exit_code
    }

    /// Returns the error's text, without its causes, which are its
    /// [`source`](std::error::Error::source).
    #[must_use]
    pub fn message(&self) -> &str {
        &self.message
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Escaped(&self.message).fmt(f)
    }
}

impl std::error::Error for Failure {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.cause.as_ref().map(|cause| cause as _)
    }
}

impl Panic {
    /// Returns the panic's message.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.message
    }

    /// Returns the source file as the compiler was given it, or `None` where the place is unknown:
    /// when somebody has replaced the panic hook since the pool was made.
    #[must_use]
    pub fn file(&self) -> Option<&str> {
        self.place.as_ref().map(|place| place.file.as_str())
    }

    /// Returns the line, from 1.
    #[must_use]
    pub fn line(&self) -> Option<u32> {
        self.place.as_ref().map(|place| place.line)
    }

    /// Returns the column, from 1.
    #[must_use]
    pub fn column(&self) -> Option<u32> {
        self.place.as_ref().map(|place| place.column)
    }
}

impl fmt::Display for Panic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(Place { file, line, column }) = &self.place {
            write!(f, " at {}:{line}:{column}", Escaped(file))?;
        }
        write!(f, ": {}", Escaped(&self.message))
    }
}

impl Frame {
    /// Returns the function's name, demangled; `<unknown>` where the module does not tell.
    #[must_use]
    pub fn function(&self) -> &str {
        &self.function
    }
}

impl fmt::Display for Frame {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Escaped(&self.function).fmt(f)
    }
}

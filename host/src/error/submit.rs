//! A task was not accepted.

use std::sync::{Mutex, PoisonError};
use std::{fmt, io};

use crate::error::{LoadError, NOT_METERED};

/// A task that was not accepted. It has not run and will not; [`into_inner`](Self::into_inner)
/// gives it back.
pub struct SubmitError<W = ()> {
    kind: SubmitErrorKind,
    // In a lock so that the error is `Sync` whatever the work is, as `?` into `anyhow` wants it.
    work: Mutex<W>,
}

/// Why a task was not accepted.
#[derive(Debug)]
#[non_exhaustive]
pub enum SubmitErrorKind {
    /// The pool was shut down.
    ShutDown,
    /// The queue is full, and was for as long as there was time to wait.
    QueueFull,
    /// The pool is broken: it cannot make workers that are fit for its tasks. Holds the reason.
    Broken(String),
    /// The pool has no worker yet and the operating system refused to start one.
    Thread(io::Error),
    /// The pool's module does not have the task, or not with these types.
    Task(LoadError),
    /// The limits have one for fuel, and the pool's module does not
    /// [count it](crate::TaskModuleBuilder::fuel_metering).
    NotMetered,
    /// A `map` was to take no input in advance, so that it would never take one.
    ZeroWindow,
    /// A `map` was to make chunks of no input.
    ZeroChunk,
}

impl<W> SubmitError<W> {
    pub(crate) fn new(kind: SubmitErrorKind, work: W) -> Self {
        Self {
            kind,
            work: Mutex::new(work),
        }
    }

    /// Returns why the task was not accepted.
    #[must_use]
    pub fn kind(&self) -> &SubmitErrorKind {
        &self.kind
    }

    /// Returns what was submitted: the closure, or the arguments.
    #[must_use]
    pub fn into_inner(self) -> W {
        self.work
            .into_inner()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns the error with something else for the work.
    pub(crate) fn map<V>(self, change: impl FnOnce(W) -> V) -> SubmitError<V> {
        let work = self
            .work
            .into_inner()
            .unwrap_or_else(PoisonError::into_inner);
        SubmitError::new(self.kind, change(work))
    }
}

impl<W> fmt::Debug for SubmitError<W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("SubmitError").field(&self.kind).finish()
    }
}

impl<W> fmt::Display for SubmitError<W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match &self.kind {
            SubmitErrorKind::Broken(reason) => return write!(f, "the pool is broken: {reason}"),
            SubmitErrorKind::ShutDown => "the pool was shut down and accepts no more tasks",
            SubmitErrorKind::QueueFull => "the pool's queue is full",
            SubmitErrorKind::Thread(_) => "no worker thread can be started",
            SubmitErrorKind::Task(_) => "the pool's module cannot serve the task",
            SubmitErrorKind::NotMetered => NOT_METERED,
            SubmitErrorKind::ZeroWindow => {
                "a window of 0 inputs would never take one; use 1 or more"
            }
            SubmitErrorKind::ZeroChunk => "a chunk of 0 inputs does nothing; use 1 or more",
        })
    }
}

impl<W> std::error::Error for SubmitError<W> {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match &self.kind {
            SubmitErrorKind::ShutDown
            | SubmitErrorKind::QueueFull
            | SubmitErrorKind::Broken(_)
            | SubmitErrorKind::NotMetered
            | SubmitErrorKind::ZeroWindow
            | SubmitErrorKind::ZeroChunk => None,
            SubmitErrorKind::Thread(error) => Some(error),
            SubmitErrorKind::Task(error) => Some(error),
        }
    }
}

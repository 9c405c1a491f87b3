//! The states of a task.

use std::any::Any;
use std::sync::Arc;

use crate::completion::Outcome;
use crate::control::Stop;

/// What lives for as long as a task waits in a queue.
pub(crate) type WhileQueued = Box<dyn Any + Send>;

/// See `completion`, which has the only steps between them.
pub(crate) enum State<T> {
    Pending(Option<WhileQueued>),
    Running(Option<Arc<dyn Stop>>),
    Finishing(End),
    Finished(Outcome<T>),
    Taken,
}

/// How a task has ended, while callbacks are looking at the outcome itself.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum End {
    Value,
    Failed,
    Cancelled,
}

impl End {
    pub(crate) fn of<T>(outcome: &Outcome<T>) -> Self {
        match outcome {
            Ok(_) => Self::Value,
            Err(error) if error.is_cancelled() => Self::Cancelled,
            Err(_) => Self::Failed,
        }
    }
}

impl<T> State<T> {
    /// Returns how the task has ended, if it has and the outcome was not taken.
    pub(crate) fn end(&self) -> Option<End> {
        match self {
            Self::Pending(_) | Self::Running(_) | Self::Taken => None,
            Self::Finishing(end) => Some(*end),
            Self::Finished(outcome) => Some(End::of(outcome)),
        }
    }
}

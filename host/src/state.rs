//! The states of a task.

use std::sync::{Arc, Weak};

use crate::completion::Outcome;
use crate::control::{Queued, Stop};

/// See `completion`, which has the only steps between them.
pub(crate) enum State<T> {
    Pending(Option<Weak<dyn Queued>>),
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

//! A `map` with options has no further result, or a bad one.

use std::fmt;
use std::time::Duration;

use crate::error::{SubmitError, TaskError};

/// What a [`MapWith`](crate::MapWith) returns where there is no result.
#[derive(Debug)]
#[non_exhaustive]
pub enum MapError {
    /// The task of this input ended without a value. The iterator goes on.
    Task(TaskError),
    /// The time for the whole map is up. What had not ended was cancelled; the iterator is at its end.
    TimedOut {
        /// The time that it had, counted from the call of `map_with`.
        limit: Duration,
        /// How many results it had returned.
        returned: usize,
    },
    /// The inputs from here on were not accepted: the pool was shut down, or broke, while the
    /// iterator had still inputs to take. Comes after the results of those that were; the iterator is at
    /// its end.
    NotSubmitted(SubmitError),
}

impl MapError {
    /// Returns the task's error, if it is one.
    #[must_use]
    pub fn task(&self) -> Option<&TaskError> {
        match self {
            Self::Task(error) => Some(error),
            Self::TimedOut { .. } | Self::NotSubmitted(_) => None,
        }
    }

    /// Returns the task's error, if it is one.
    #[must_use]
    pub fn into_task(self) -> Option<TaskError> {
        match self {
            Self::Task(error) => Some(error),
            Self::TimedOut { .. } | Self::NotSubmitted(_) => None,
        }
    }
}

impl fmt::Display for MapError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Task(error) => error.fmt(f),
            Self::TimedOut { limit, returned } => write!(
                f,
                "the map took longer than its limit of {limit:?}; it had returned {returned} results"
            ),
            Self::NotSubmitted(_) => f.write_str("the other inputs of the map were not accepted"),
        }
    }
}

impl std::error::Error for MapError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Task(error) => error.source(),
            Self::TimedOut { .. } => None,
            Self::NotSubmitted(error) => Some(error),
        }
    }
}

//! A call that has no value.

use std::fmt;

use crate::error::{SubmitError, TaskError};

/// Why a [call](crate::ProcessPool::call) has no value.
#[non_exhaustive]
pub enum CallError<A = ()> {
    /// The task was not run: the error says why, and gives the arguments back.
    Submit(SubmitError<A>),
    /// The task was run, and has ended with an error.
    Task(TaskError),
}

impl<A> From<SubmitError<A>> for CallError<A> {
    fn from(error: SubmitError<A>) -> Self {
        Self::Submit(error)
    }
}

impl<A> From<TaskError> for CallError<A> {
    fn from(error: TaskError) -> Self {
        Self::Task(error)
    }
}

impl<A> fmt::Debug for CallError<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Submit(error) => f.debug_tuple("Submit").field(error).finish(),
            Self::Task(error) => f.debug_tuple("Task").field(error).finish(),
        }
    }
}

impl<A> fmt::Display for CallError<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Submit(error) => error.fmt(f),
            Self::Task(error) => error.fmt(f),
        }
    }
}

impl<A> std::error::Error for CallError<A> {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Submit(error) => error.source(),
            Self::Task(error) => error.source(),
        }
    }
}

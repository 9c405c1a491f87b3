//! A snapshot could not be made.

use std::fmt;

use crate::error::{LoadError, NOT_METERED, TaskError};

/// Why a [snapshot](crate::TaskModule::snapshot) of a sandbox could not be made.
#[derive(Debug)]
#[non_exhaustive]
pub enum SnapshotError {
    /// The module does not have the task, or with other types; or there was no thread to run it on.
    Load(LoadError),
    /// The task has ended with an error.
    Task(TaskError),
    /// Sandboxes of the module have a state that a module cannot hold. Holds the reason.
    Unsupported(String),
    /// The limits have one for fuel, and the module does not
    /// [count it](crate::TaskModuleBuilder::fuel_metering).
    NotMetered,
}

impl From<LoadError> for SnapshotError {
    fn from(error: LoadError) -> Self {
        Self::Load(error)
    }
}

impl fmt::Display for SnapshotError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Load(_) => f.write_str("the module cannot be used"),
            Self::Task(error) => error.fmt(f),
            Self::Unsupported(reason) => {
                write!(f, "no snapshot of a sandbox can be made: {reason}")
            }
            Self::NotMetered => f.write_str(NOT_METERED),
        }
    }
}

impl std::error::Error for SnapshotError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Load(error) => Some(error),
            Self::Task(error) => error.source(),
            Self::Unsupported(_) | Self::NotMetered => None,
        }
    }
}

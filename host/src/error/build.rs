//! A pool could not be made.

use std::fmt;

use crate::error::{LoadError, NOT_METERED};

/// Why a pool could not be made.
#[derive(Debug)]
#[non_exhaustive]
pub enum BuildError {
    /// Zero workers were asked for.
    NoWorkers,
    /// A queue without places was asked for.
    NoQueue,
    /// More workers than there is room for in the module's sandbox allocation.
    TooManyWorkers {
        /// How many were asked for.
        requested: usize,
        /// How many sandboxes the module has left for this pool.
        available: usize,
    },
    /// More workers than the system lets this process map memory for: each needs several mappings, for its
    /// thread and its sandbox, and Linux has a limit for them (`vm.max_map_count`). Past it, whatever
    /// wants memory fails.
    TooManyMappings {
        /// How many workers were asked for.
        requested: usize,
        /// For how many more there are mappings.
        available: usize,
        /// How many mappings this process may have.
        limit: usize,
    },
    /// The module could not be loaded.
    Load(LoadError),
    /// The arguments of the initializer cannot be encoded. Holds the reason.
    Initializer(String),
    /// The limits have one for fuel, and the module does not
    /// [count it](crate::TaskModuleBuilder::fuel_metering).
    NotMetered,
    /// The name of the threads has a NUL byte in it.
    Name(String),
}

impl fmt::Display for BuildError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoWorkers => f.write_str("a pool needs at least one worker"),
            Self::NoQueue => f.write_str("a queue needs room for at least one task"),
            Self::TooManyWorkers {
                requested,
                available,
            } => write!(
                f,
                "{requested} workers were asked for, but the module has room for {available} sandboxes; use fewer, or load it with more: `TaskModule::builder(..).sandboxes(..)`"
            ),
            Self::TooManyMappings {
                requested,
                available,
                limit,
            } => write!(
                f,
                "{requested} workers were asked for, but the {limit} mappings that this process may have are enough for {available} more; use fewer, or raise `vm.max_map_count`"
            ),
            Self::Load(_) => f.write_str("the module cannot be used"),
            Self::Initializer(reason) => {
                write!(f, "the initializer's arguments cannot be encoded: {reason}")
            }
            Self::NotMetered => f.write_str(NOT_METERED),
            Self::Name(name) => write!(
                f,
                "threads cannot have the name {name:?}: it has a NUL byte"
            ),
        }
    }
}

impl std::error::Error for BuildError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::NoWorkers
            | Self::NoQueue
            | Self::TooManyWorkers { .. }
            | Self::TooManyMappings { .. }
            | Self::Initializer(_)
            | Self::NotMetered
            | Self::Name(_) => None,
            Self::Load(error) => Some(error),
        }
    }
}

impl From<LoadError> for BuildError {
    fn from(error: LoadError) -> Self {
        Self::Load(error)
    }
}

impl From<std::convert::Infallible> for BuildError {
    fn from(never: std::convert::Infallible) -> Self {
        match never {}
    }
}

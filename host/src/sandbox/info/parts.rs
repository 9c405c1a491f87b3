//! The tasks and imports of a module.

use std::fmt;

use sandpool_abi::{OwnedRecord, Parameter};

/// A task of a module.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TaskInfo {
    pub(crate) record: OwnedRecord,
}

/// Something that a module wants from its host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Import {
    pub(super) module: String,
    pub(super) name: String,
}

impl TaskInfo {
    /// Returns the function's name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.record.name
    }

    /// Returns the function's doc comment; empty if it has none.
    #[must_use]
    pub fn doc(&self) -> &str {
        &self.record.doc
    }

    /// Returns the parameters, in order.
    #[must_use]
    pub fn parameters(&self) -> &[Parameter] {
        &self.record.parameters
    }

    /// Returns the schema of the result, `()` for none. For a task that returns a `Result`, that of
    /// `Ok`.
    ///
    /// A schema is a type in Rust's notation with every struct and enum spelled out that derives
    /// `Schema`: `Vec<Order { id: u64 }>`. Others stand there as their name.
    #[must_use]
    pub fn output(&self) -> &str {
        &self.record.output
    }
}

impl fmt::Display for TaskInfo {
    /// Writes the signature: `name(parameter: schema) -> schema`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.record.fmt(f)
    }
}

impl Import {
    /// Returns the module that the import names.
    #[must_use]
    pub fn module(&self) -> &str {
        &self.module
    }

    /// Returns the import's name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }
}

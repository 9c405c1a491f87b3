//! How far a sandbox's memory and tables may grow.

use std::fmt;

use wasmtime::ResourceLimiter;

use crate::error::TaskErrorKind;
use crate::limits::Limits;

/// How many elements a table can have at most.
pub(crate) const MAX_TABLE_ELEMENTS: usize = 1_000_000;

/// Refuses growth past the limits, by a trap: a guest that was merely told "no" would abort, and
/// nobody could tell why.
#[derive(Debug, Default)]
pub(crate) struct Growth {
    most_memory_bytes: usize,
    most_table_elements: usize,
    /// Of its largest memory: the other one holds flags.
    memory_bytes: usize,
}

impl Growth {
    /// Has the limits of a task hold.
    pub(crate) fn limit(&mut self, limits: &Limits) {
        self.most_memory_bytes = limits.memory_bytes;
        self.most_table_elements = limits.table_elements.min(MAX_TABLE_ELEMENTS);
    }

    /// Returns the size of the guest's memory: to ask the engine takes longer.
    pub(crate) fn memory_bytes(&self) -> usize {
        self.memory_bytes
    }
}

/// A guest wanted more than it may have.
#[derive(Clone, Copy, Debug)]
pub(crate) enum OverLimit {
    Memory { requested: usize, limit: usize },
    Table { requested: usize, limit: usize },
}

impl From<OverLimit> for TaskErrorKind {
    fn from(over: OverLimit) -> Self {
        match over {
            OverLimit::Memory { requested, limit } => Self::MemoryLimitExceeded {
                requested_bytes: requested,
                limit_bytes: limit,
            },
            OverLimit::Table { requested, limit } => Self::TableLimitExceeded {
                requested_elements: requested,
                limit_elements: limit,
            },
        }
    }
}

impl fmt::Display for OverLimit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("over a limit")
    }
}

impl std::error::Error for OverLimit {}

impl ResourceLimiter for Growth {
    fn memory_growing(
        &mut self,
        _current: usize,
        desired: usize,
        _maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        if desired <= self.most_memory_bytes {
            self.memory_bytes = self.memory_bytes.max(desired);
            return Ok(true);
        }
        Err(wasmtime::Error::from(OverLimit::Memory {
            requested: desired,
            limit: self.most_memory_bytes,
        }))
    }

    fn table_growing(
        &mut self,
        _current: usize,
        desired: usize,
        _maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        if desired <= self.most_table_elements {
            return Ok(true);
        }
        Err(wasmtime::Error::from(OverLimit::Table {
            requested: desired,
            limit: self.most_table_elements,
        }))
    }
}

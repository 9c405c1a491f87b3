//! The limit of a sandbox's memory.

use std::fmt;

use wasmtime::ResourceLimiter;

/// How many functions a guest's table may hold.
const MAX_TABLE_ELEMENTS: usize = 20_000;

/// Refuses growth past the limit, by a trap: a guest that was merely told "no" would abort, and
/// nobody could tell why.
#[derive(Debug)]
pub(crate) struct MemoryLimit {
    pub(crate) limit_bytes: usize,
}

/// A guest wanted more memory than it may have.
#[derive(Clone, Copy, Debug)]
pub(crate) struct OverLimit {
    pub(crate) requested_bytes: usize,
    pub(crate) limit_bytes: usize,
}

impl fmt::Display for OverLimit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("over the memory limit")
    }
}

impl std::error::Error for OverLimit {}

impl ResourceLimiter for MemoryLimit {
    fn memory_growing(
        &mut self,
        _current: usize,
        desired: usize,
        _maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        if desired <= self.limit_bytes {
            return Ok(true);
        }
        Err(wasmtime::Error::from(OverLimit {
            requested_bytes: desired,
            limit_bytes: self.limit_bytes,
        }))
    }

    fn table_growing(
        &mut self,
        _current: usize,
        desired: usize,
        _maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        Ok(desired <= MAX_TABLE_ELEMENTS)
    }
}

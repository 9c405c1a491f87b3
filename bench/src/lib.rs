//! What a sandbox costs, here, on this task: the benchmarks behind `sandpool bench`.

pub mod record;
pub mod statistics;

//! What a sandpool host and its guests agree on: names of exports, records of tasks, and the form
//! of arguments and results. Both sides depend on this crate and on nothing else of each other.
//!
//! # ABI version 1
//!
//! A guest is a core wasm module that
//!
//! - defines one memory and exports it as [`MEMORY_EXPORT`], imports nothing but what its host
//!   [grants](imports), and has no start function;
//! - holds one [`Record`] per task in the custom section [`RECORDS_SECTION`];
//! - exports, for every task, [`TASK_EXPORT_PREFIX`] + name: `(encoding: i32, ptr: i32, len: i32)
//!   -> i64`. The host writes the encoded arguments to memory that it asked for with
//!   [`ALLOC_EXPORT`]: `(len: i32) -> i32`; the guest answers with the [`Span`] of an
//!   [`Outcome`];
//! - exports, for every task whose parameters and result are all [`Scalar`]s (at most
//!   [`SCALAR_SLOTS`] of them), [`SCALAR_EXPORT_PREFIX`] + name: four `i64` in, one out, with no
//!   encoding at all;
//! - takes and returns a list of numbers that a signature spells out as such (`&[f64]`, `Vec<u32>`) as their
//!   [bytes](codec::Number), not one by one, and says so in its record: `[f64]`;
//! - exports [`PANIC_EXPORT`], a global with the address of a [`PanicReport`] that the guest fills
//!   before it traps.
//!
//! Everything that a guest hands back is hostile until it has been checked: the functions of this
//! crate that read a guest's bytes never panic and are bounded in time and memory by the number of
//! bytes they are given.

#![forbid(unsafe_code)]

mod bounded;
pub mod codec;
pub mod imports;
mod numbers;
mod outcome;
mod panic;
mod pieces;
mod record;
mod scalar;
pub mod schema;
mod span;
mod task;

pub use outcome::{Failure, Outcome, Status};
pub use panic::{PANIC_REPORT_BYTES, PanicReport};
pub use pieces::Pieces;
pub use record::{OwnedRecord, Parameter, Record, RecordError, read_records};
pub use scalar::{SCALAR_SLOTS, Scalar};
pub use span::Span;
pub use task::{Arguments, Encoding, Reply, Task};

/// The version of everything below. A host loads only modules of its own version.
pub const ABI_VERSION: u32 = 1;

/// The custom section that holds the task records, one after the other in no particular order.
pub const RECORDS_SECTION: &str = "sandpool.tasks";

/// The export name of a task that takes encoded arguments, before the task's name.
pub const TASK_EXPORT_PREFIX: &str = "sandpool.task.";

/// The export name of a task called with scalars, before the task's name.
pub const SCALAR_EXPORT_PREFIX: &str = "sandpool.scalar.";

/// The export that reserves guest memory for the arguments.
pub const ALLOC_EXPORT: &str = "sandpool_alloc";

/// The exported global that holds the address of the panic report.
pub const PANIC_EXPORT: &str = "SANDPOOL_PANIC";

/// The export name of the guest's memory.
pub const MEMORY_EXPORT: &str = "memory";

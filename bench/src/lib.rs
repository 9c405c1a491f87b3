//! What a sandbox costs, here, on this task: the benchmarks behind `sandpool bench`.
//!
//! [`kernels`], [`isolation`], [`note`] and [`own_task`] measure, each a part of a
//! [`Record`](record::Record).

#![deny(unsafe_code)]

pub mod compare;
pub mod html;
pub mod isolation;
pub mod kernels;
mod machine;
mod memory;
pub mod note;
pub mod own_task;
mod part;
mod progress;
pub mod record;
#[cfg(test)]
mod sample;
mod script;
pub mod statistics;
pub mod table;
mod units;
mod view;

pub use machine::now;
pub use part::{Part, part};
pub use progress::{Progress, Step};

//! The kernels: functions that the benchmarks run natively and in sandboxes, compiled from this same
//! source, and compared by a checksum over all that they compute.
//!
//! Each takes a size and returns the checksum; [`ALL`] has the size of a full run, what it stands for,
//! and why the kernel is there. Inputs are made from the size alone, in a small part of the time.
//!
//! A crate of its own, so that who only wants the small reference tasks does not compile these.

mod allocation;
mod calls;
mod checksum;
mod compression;
mod dot;
mod fourier;
mod hashing;
mod heavy_compute;
mod images;
mod json;
mod levenshtein;
mod list;
mod mandelbrot;
mod matrices;
mod n_body;
mod random;
mod search;
mod sieve;
mod sorting;
mod trees;
mod words;

pub use list::{ALL, Kernel};

sandpool_guest::module!();

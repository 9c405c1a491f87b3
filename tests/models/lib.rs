//! The parts of the host library that threads meet in, compiled once more with `shuttle`'s threads,
//! locks and atomics: its scheduler switches between threads wherever one could, at random, some
//! thousand times, and tells when all are stuck. What is here is the library's own source; only
//! `sync` is another.

#![cfg(all(test, not(miri)))]
#![allow(
    dead_code,
    unused_imports,
    unreachable_pub,
    clippy::wildcard_imports,
    reason = "a part of the library, without its users"
)]

mod breakdown_models;
mod chunk_models;
#[path = "host.rs"]
mod host;
mod map_models;
mod model;
mod queue_models;
mod raw_pool;
mod scope_models;
mod sync;
mod task_models;

use host::*;

//! The parts of the host library that threads meet in, compiled once more with `shuttle`'s threads,
//! locks and atomics: its scheduler switches between threads wherever one could, at random, some
//! thousand times, and tells when all are stuck. What is here is the library's own source; only
//! `sync` is another.

#![cfg(test)]
#![allow(
    dead_code,
    unused_imports,
    unreachable_pub,
    reason = "a part of the library, without its users"
)]

#[path = "../../host/src/arrivals.rs"]
mod arrivals;
#[path = "../../host/src/cancel_token.rs"]
mod cancel_token;
#[path = "../../host/src/completion.rs"]
mod completion;
#[path = "../../host/src/control.rs"]
mod control;
#[path = "../../host/src/handle.rs"]
mod handle;
#[path = "../../host/src/load.rs"]
mod load;
#[path = "../../host/src/promise.rs"]
mod promise;
#[path = "../../host/src/running.rs"]
mod running;
#[path = "../../host/src/slot.rs"]
mod slot;
#[path = "../../host/src/stats.rs"]
mod stats;
#[path = "../../host/src/this_worker.rs"]
mod this_worker;
#[path = "../../host/src/no_trace.rs"]
mod trace;
#[path = "../../host/src/wait.rs"]
mod wait;
#[path = "../../host/src/workers.rs"]
mod workers;

mod error;

use error::TaskErrorKind;

mod queue_models;
mod sync;
mod task_models;

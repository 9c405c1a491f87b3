//! What the tests share.

mod any_pool;
mod random;
pub mod soak;
pub mod stress;

use std::sync::LazyLock;
use std::time::Duration;

use sandpool::{Limits, ProcessPool, TaskModule};

pub use any_pool::{AnyPool, Busy, on_both_pools};

/// Long enough for whatever a test waits for; reached only when something hangs.
pub const LONG: Duration = Duration::from_secs(60);

/// The module of misbehaving tasks. Compiling takes a while, so once per test process.
#[must_use]
pub fn fault_module() -> TaskModule {
    static MODULE: LazyLock<TaskModule> =
        LazyLock::new(|| TaskModule::new(fault_tasks::MODULE).expect("the module is our own"));
    MODULE.clone()
}

/// A pool over the misbehaving tasks.
#[must_use]
pub fn pool(workers: usize, limits: Limits) -> ProcessPool {
    ProcessPool::builder(fault_module())
        .workers(workers)
        .limits(limits)
        .build()
        .expect("a small pool fits")
}

//! The pools that come and go, with one setting after the other.

use std::time::Duration;

use sandpool::{
    Isolation, Limits, PoolStats, ProcessPool, Shutdown, TaskModule, TaskModuleBuilder,
};

use super::Violation;
use super::cast::{self, Check, Liars};
use crate::random::Random;

/// Pools with a setting of their own.
pub(super) struct Generation {
    name: &'static str,
    pool: ProcessPool,
    counts_fuel: bool,
    liars: Liars,
}

type Load = fn(TaskModuleBuilder) -> TaskModuleBuilder;

/// Name, how the module is loaded, how many tasks a sandbox serves, whether fuel is counted.
const SETTINGS: [(&str, Load, usize, bool); 5] = [
    ("the default", |module| module, 1, false),
    ("used again", |module| module, 16, false),
    ("fuel", TaskModuleBuilder::fuel_metering, 1, true),
    ("bounds checks", TaskModuleBuilder::bounds_checks, 1, false),
    ("deterministic", TaskModuleBuilder::deterministic, 1, true),
];

impl Generation {
    pub(super) fn new(number: usize) -> Result<Self, Violation> {
        let (name, load, tasks, counts_fuel) = SETTINGS[number % SETTINGS.len()];
        let module = load(TaskModule::builder(fault_tasks::MODULE)).load();
        let isolation = match tasks.try_into() {
            Ok(tasks) if tasks > std::num::NonZeroUsize::MIN => Isolation::Reuse { tasks },
            _ => Isolation::Fresh,
        };
        let pool = ProcessPool::builder(module.map_err(|error| error.to_string())?)
            .workers(1)
            .isolation(isolation)
            .limits(limits())
            .build();
        Ok(Self {
            name,
            pool: pool.map_err(|error| error.to_string())?,
            counts_fuel,
            liars: Liars::load()?,
        })
    }

    pub(super) fn honest(&self, random: &mut Random) -> Result<Check, Violation> {
        cast::honest(&self.pool, random)
    }

    pub(super) fn misbehaving(&self, random: &mut Random) -> Result<Check, Violation> {
        cast::misbehaving(&self.pool, self.counts_fuel, &self.liars, random)
    }

    /// Shuts the pools down and sees that all tasks that they accepted have ended, so many of them without a
    /// value, and that nothing is left of them.
    pub(super) fn end(self, accepted: u64, misbehaved: u64) -> Result<(), Violation> {
        let pools = std::iter::once(&self.pool).chain(self.liars.pools());
        let shut_down = |pool: &ProcessPool| {
            pool.shutdown(Shutdown::Finish);
            pool.stats()
        };
        let stats: Vec<PoolStats> = pools.map(shut_down).collect();
        check_stats(self.name, &stats, accepted, misbehaved)
    }
}

/// Those of the pools whose tasks misbehave.
pub(super) fn limits() -> Limits {
    Limits::new()
        .memory_bytes(8 << 20)
        .argument_bytes(64 << 10)
        .result_bytes(64 << 10)
        .timeout(Duration::from_secs(60))
}

/// Sees that the numbers of pools that were shut down add up to those of their tasks.
pub(super) fn check_stats(
    name: &str,
    stats: &[PoolStats],
    accepted: u64,
    misbehaved: u64,
) -> Result<(), Violation> {
    let sum = |of: fn(&PoolStats) -> u64| stats.iter().map(of).sum::<u64>();
    let left = sum(|stats| stats.workers + stats.queued + stats.running);
    let kept = sum(|stats| stats.instances_made) - sum(|stats| stats.instances_retired);
    let ended = sum(PoolStats::finished);
    let without_value = sum(|stats| stats.errors() + stats.cancelled);
    match (left, kept, ended, without_value) == (0, 0, accepted, misbehaved) {
        true => Ok(()),
        false => Err(format!(
            "{name}: of {accepted} tasks {misbehaved} had to end without a value: {stats:?}"
        )),
    }
}

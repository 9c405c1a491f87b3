//! The ways in which a task can end, as the pool's statistics tell them apart.

use std::fmt;

use sandpool::{PoolStats, TaskError, TaskErrorKind};

/// How a task ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names are those of the statistics")]
pub enum Ending {
    Value,
    Failed,
    Panicked,
    Trapped,
    TimedOut,
    OutOfMemory,
    Other,
    Cancelled,
}

impl Ending {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::Value,
        Self::Failed,
        Self::Panicked,
        Self::Trapped,
        Self::TimedOut,
        Self::OutOfMemory,
        Self::Other,
        Self::Cancelled,
    ];

    pub(super) fn of<T>(outcome: &Result<T, TaskError>) -> Self {
        match outcome.as_ref().map_err(TaskError::kind) {
            Ok(_) => Self::Value,
            Err(TaskErrorKind::Failed(_)) => Self::Failed,
            Err(TaskErrorKind::Panicked(_)) => Self::Panicked,
            Err(TaskErrorKind::Trapped(_) | TaskErrorKind::StackOverflow { .. }) => Self::Trapped,
            Err(TaskErrorKind::DeadlineExceeded { .. }) => Self::TimedOut,
            Err(TaskErrorKind::MemoryLimitExceeded { .. }) => Self::OutOfMemory,
            Err(TaskErrorKind::Cancelled) => Self::Cancelled,
            Err(_) => Self::Other,
        }
    }
}

/// How many tasks ended in which way.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Endings([u64; Ending::ALL.len()]);

impl Endings {
    /// Returns how many ended like this.
    #[must_use]
    pub fn get(&self, ending: Ending) -> u64 {
        self.0[ending as usize]
    }

    /// Returns how many ended.
    #[must_use]
    pub fn sum(&self) -> u64 {
        self.0.iter().sum()
    }

    pub(super) fn add(&mut self, ending: Ending, tasks: u64) {
        self.0[ending as usize] += tasks;
    }

    /// The same with so many less that ended like this.
    pub(super) fn without(mut self, ending: Ending, tasks: u64) -> Self {
        self.0[ending as usize] = self.get(ending).wrapping_sub(tasks);
        self
    }

    pub(super) fn add_all(&mut self, others: &Self) {
        for ending in Ending::ALL {
            self.add(ending, others.get(ending));
        }
    }

    pub(super) fn of_stats(stats: &PoolStats) -> Self {
        // In the order of `Ending`.
        Self([
            stats.succeeded,
            stats.failed,
            stats.panicked,
            stats.trapped,
            stats.timed_out,
            stats.out_of_memory,
            stats.other_errors,
            stats.cancelled,
        ])
    }
}

impl fmt::Display for Endings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = [
            "values",
            "failed",
            "panicked",
            "trapped",
            "timed out",
            "out of memory",
            "other errors",
            "cancelled",
        ];
        let comma = ["", ", ", ", ", ", ", ", ", ", ", ", ", ", "];
        for ((number, name), comma) in self.0.iter().zip(names).zip(comma) {
            write!(f, "{comma}{number} {name}")?;
        }
        Ok(())
    }
}

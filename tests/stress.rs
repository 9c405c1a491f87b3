//! A stress test: millions of tasks of every fate, under cancellation and shutdown, and an account of
//! them in which each has to end exactly once.
//!
//! [`run`] is the whole of it; what a task does is in `fate`, what is checked in `ledger` and `audit`.

mod audit;
mod canceller;
mod ending;
mod fate;
mod held;
mod hooks;
mod ledger;
mod maps;
mod pools;
mod processes;
mod report;
mod round;
mod scopes;
mod setup;
mod submitter;
mod tally;
mod threads;
mod watch;

pub use ending::{Ending, Endings};
pub use report::{Report, Total};

use std::fmt;

/// What is run.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    /// At least so many tasks are accepted in a round before its pools are shut down.
    pub tasks: usize,
    /// How many rounds there are. Every [`ROUNDS_FOR_ALL`] have each kind of pool with each kind of
    /// shutdown.
    pub rounds: usize,
    /// The number of the first round: 0, or that of one which is to be repeated.
    pub first: usize,
    /// Decides what tasks do and what is done with them. Only timing differs from run to run.
    pub seed: u64,
}

/// So many rounds have each kind of pool with each kind of shutdown.
pub const ROUNDS_FOR_ALL: usize = setup::MODES * setup::WAYS;

/// What was found to be wrong, with the seed and the round.
#[derive(Debug)]
pub struct Violation(pub(crate) String);

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Violation {}

/// Runs the rounds one after the other and has `told` called with what each came to.
///
/// # Errors
///
/// The first violation. After a hang, threads of the round are left behind.
pub fn run(plan: Plan, mut told: impl FnMut(&Report)) -> Result<Total, Violation> {
    fate::silence_planned_panics();
    let mut total = Total::default();
    for number in (plan.first..).take(plan.rounds) {
        let report = watch::watched(plan, number)?;
        told(&report);
        total.add(&report);
    }
    Ok(total)
}

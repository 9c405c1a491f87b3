//! What came of a round, and of all.

use std::fmt;
use std::time::Duration;

use super::ending::Endings;

/// What came of a round.
#[derive(Debug)]
pub struct Report {
    pub(super) setup: String,
    pub(super) accepted: u64,
    pub(super) refused: u64,
    pub(super) full: u64,
    pub(super) endings: Endings,
    pub(super) time: Duration,
}

impl Report {
    /// Returns how many tasks the pools accepted.
    #[must_use]
    pub fn accepted(&self) -> u64 {
        self.accepted
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = self.time.as_secs_f64();
        write!(
            f,
            "{}: {} accepted, {} refused, {} times no room; {}; {seconds:.1} s, {:.0} tasks/s",
            self.setup,
            self.accepted,
            self.refused,
            self.full,
            self.endings,
            self.accepted as f64 / seconds
        )
    }
}

/// What came of all rounds.
#[derive(Debug, Default)]
pub struct Total {
    rounds: usize,
    accepted: u64,
    refused: u64,
    endings: Endings,
    time: Duration,
}

impl Total {
    pub(super) fn add(&mut self, report: &Report) {
        self.rounds += 1;
        self.accepted += report.accepted;
        self.refused += report.refused;
        self.endings.add_all(&report.endings);
        self.time += report.time;
    }

    /// Returns how many tasks ended in which way.
    #[must_use]
    pub fn endings(&self) -> &Endings {
        &self.endings
    }
}

impl fmt::Display for Total {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = self.time.as_secs_f64();
        write!(
            f,
            "{} rounds: {} tasks accepted, each ended once, {} refused; {}; {seconds:.0} s, {:.0} tasks/s",
            self.rounds,
            self.accepted,
            self.refused,
            self.endings,
            self.accepted as f64 / seconds
        )
    }
}

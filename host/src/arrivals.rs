//! Tells one waiter which of its many tasks have finished, in the order in which they did.

use std::collections::VecDeque;
use std::time::Instant;

use crate::sync::{self, Condvar, Mutex};

/// A queue of the indices of finished tasks. Waiting for the next costs the same however many are
/// still running: each task reports itself, nobody looks through them.
#[derive(Debug, Default)]
pub(crate) struct Arrivals {
    arrived: Mutex<VecDeque<usize>>,
    changed: Condvar,
}

impl Arrivals {
    pub(crate) fn arrive(&self, index: usize) {
        sync::lock(&self.arrived).push_back(index);
        self.changed.notify_one();
    }

    /// Returns an arrival if there is one.
    pub(crate) fn try_next(&self) -> Option<usize> {
        sync::lock(&self.arrived).pop_front()
    }

    /// Waits for an arrival; `None` if `deadline` comes first.
    pub(crate) fn next(&self, deadline: Option<Instant>) -> Option<usize> {
        let mut arrived = sync::lock(&self.arrived);
        let mut time_left = true;
        loop {
            if let Some(index) = arrived.pop_front() {
                return Some(index);
            }
            if !time_left {
                return None;
            }
            (arrived, time_left) = sync::wait(&self.changed, arrived, deadline);
        }
    }
}

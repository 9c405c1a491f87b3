//! Cancels tasks from a thread of its own, some time after they were submitted.

use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::Duration;

use sandpool::CancelHandle;

use super::held;
use super::ledger::Ledger;
use crate::random::Random;

/// A task that is to be cancelled.
pub(super) struct Order {
    pub(super) number: usize,
    pub(super) task: CancelHandle,
}

impl Order {
    fn carry_out(self, ledger: &Ledger) {
        held::cancel(self.number, ledger, || self.task.cancel());
    }
}

/// Carries out orders until nobody is left to give some, not in the order in which they come.
pub(super) fn run(inbox: &Receiver<Order>, ledger: &Ledger, mut random: Random) {
    /// Orders that may wait for others.
    const WAITING: u64 = 64;
    /// When nothing comes, all are carried out.
    const IDLE: Duration = Duration::from_millis(1);
    let mut waiting: Vec<Order> = Vec::new();
    loop {
        match inbox.recv_timeout(IDLE) {
            Ok(order) => {
                waiting.push(order);
                while waiting.len() as u64 > random.below(WAITING) {
                    let at = random.below(waiting.len() as u64) as usize;
                    waiting.swap_remove(at).carry_out(ledger);
                }
            }
            Err(RecvTimeoutError::Timeout) => {
                for order in waiting.drain(..) {
                    order.carry_out(ledger);
                }
            }
            Err(RecvTimeoutError::Disconnected) => break,
        }
    }
    for order in waiting {
        order.carry_out(ledger);
    }
}

//! One round: pools, those who submit and cancel, the end of the pools, and the account.

use std::sync::{Arc, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use super::audit;
use super::canceller;
use super::hooks::Hooks;
use super::ledger::Ledger;
use super::pools::Pools;
use super::report::Report;
use super::setup::Setup;
use super::submitter::Submitter;
use crate::random::Random;

/// Plays the round. What is wrong is in the ledger then.
pub(super) fn play(setup: &Setup, ledger: &Arc<Ledger>) -> Report {
    const LOOK_EVERY: Duration = Duration::from_micros(200);
    let hooks = Arc::new(Hooks::default());
    let mut pools = Pools::new(setup, &hooks);
    let started = Instant::now();
    thread::scope(|scope| {
        let (orders, inbox) = mpsc::channel();
        let submitters = [0, 1, 2].map(|number| {
            let submitter = Submitter::new(setup, number, ledger, &pools, &orders);
            scope.spawn(move || submitter.run())
        });
        drop(orders);
        let random = Random::new(&[setup.plan.seed, setup.round as u64, 4]);
        scope.spawn(move || canceller::run(&inbox, ledger, random));
        while ledger.accepted() < setup.trigger
            && submitters.iter().any(|submitter| !submitter.is_finished())
        {
            thread::sleep(LOOK_EVERY);
        }
        pools.end(setup, ledger);
    });
    let endings = audit::check(ledger, &pools, &hooks);
    Report {
        setup: setup.to_string(),
        accepted: ledger.accepted(),
        refused: ledger.refused(),
        full: ledger.full(),
        endings,
        time: started.elapsed(),
    }
}

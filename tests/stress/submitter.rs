//! Submits tasks until the pools do not accept any more.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::mpsc::Sender;
use std::time::Duration;

use sandpool::{TaskHandle, WaitFor, as_completed, wait};

use super::canceller::Order;
use super::fate::{Fate, Pool, Use};
use super::held::{Handle, Held, cancel};
use super::ledger::Ledger;
use super::pools::{Pools, WeakPools};
use super::setup::Setup;
use super::{maps, processes, scopes, threads};
use crate::random::Random;

/// How often a submitter tries still when all its pools are closed.
const TRIES_AFTER: usize = 100;

pub(super) struct Submitter<'a> {
    setup: &'a Setup,
    ledger: Arc<Ledger>,
    pools: Pools,
    weak_pools: WeakPools,
    orders: Sender<Order>,
    random: Random,
    window: usize,
    held: VecDeque<Held>,
}

impl<'a> Submitter<'a> {
    pub(super) fn new(
        setup: &'a Setup,
        number: usize,
        ledger: &Arc<Ledger>,
        pools: &Pools,
        orders: &Sender<Order>,
    ) -> Self {
        let seeds = [setup.plan.seed, setup.round as u64, 2, number as u64];
        Self {
            setup,
            ledger: Arc::clone(ledger),
            pools: pools.clone(),
            weak_pools: pools.downgrade(),
            orders: orders.clone(),
            random: Random::new(&seeds),
            window: setup.windows[number],
            held: VecDeque::new(),
        }
    }

    pub(super) fn run(mut self) {
        let mut tries_left = TRIES_AFTER;
        while tries_left > 0 && !self.ledger.is_violated() {
            let Some(pool) = self.choose() else { break };
            if self.ledger.is_closing(pool) {
                tries_left -= 1;
            }
            if self.step(pool).is_none() {
                break;
            }
            while self.held.len() > self.window {
                self.settle_first();
            }
        }
        // Not later: this thread may be the one that drops them, and has to wait for its tasks then.
        self.pools = Pools::default();
        while !self.held.is_empty() {
            self.settle_first();
        }
    }

    /// Returns one of the pools that are left, of those that are open if there are some.
    fn choose(&mut self) -> Option<Pool> {
        if self.ledger.is_leaving(Pool::Threads) {
            self.pools.threads = None;
        }
        if self.ledger.is_leaving(Pool::Processes) {
            self.pools.processes = None;
        }
        match (&self.pools.threads, &self.pools.processes) {
            (None, None) => None,
            (Some(_), None) => Some(Pool::Threads),
            (None, Some(_)) => Some(Pool::Processes),
            (Some(_), Some(_)) => {
                let closing = |pool| self.ledger.is_closing(pool);
                match (closing(Pool::Threads), closing(Pool::Processes)) {
                    (true, false) => Some(Pool::Processes),
                    (false, true) => Some(Pool::Threads),
                    _ if self.random.is_one_in(Setup::PROCESSES) => Some(Pool::Processes),
                    _ => Some(Pool::Threads),
                }
            }
        }
    }

    /// Submits a task, or several; `None` if the ledger has no room for them.
    fn step(&mut self, pool: Pool) -> Option<()> {
        match self.random.below(self.setup.rare) {
            0..2 => self.map(pool),
            2..4 => self.scope(pool),
            4 => {
                self.gather();
                Some(())
            }
            _ => self.submit(pool),
        }
    }

    fn submit(&mut self, pool: Pool) -> Option<()> {
        let number = self.ledger.number()?;
        let Setup {
            plan, round, rare, ..
        } = *self.setup;
        let mut random = Random::new(&[plan.seed, round as u64, 3, number as u64]);
        let fate = Fate::new(number, pool, rare, &mut random);
        let (pools, ledger) = (&self.weak_pools, &self.ledger);
        let handle = match pool {
            Pool::Threads => {
                let pool = self.pools.threads.as_ref()?;
                threads::submit(pool, pools, ledger, fate).map(Handle::Wide)
            }
            Pool::Processes => {
                let pool = self.pools.processes.as_ref()?;
                processes::submit(pool, pools, ledger, fate)
            }
        };
        if let Some(handle) = handle {
            self.take(Held { fate, handle });
        }
        Some(())
    }

    /// Does with the handle what is to be done at once.
    fn take(&mut self, held: Held) {
        let fate = held.fate;
        match fate.usage {
            Use::Detach => return,
            Use::CancelHere => cancel(fate.number, &self.ledger, || held.handle.cancel()),
            Use::CancelElsewhere | Use::CancelDetached => {
                let order = Order {
                    number: fate.number,
                    task: held.handle.cancel_handle(),
                };
                self.orders.send(order).expect("the canceller is there");
                if fate.usage == Use::CancelDetached {
                    return;
                }
            }
            Use::Join | Use::Await | Use::PollOnce | Use::JoinBriefly => {}
        }
        self.held.push_back(held);
    }

    fn settle_first(&mut self) {
        if let Some(held) = self.held.pop_front() {
            held.settle(&self.ledger);
        }
    }

    fn map(&mut self, pool: Pool) -> Option<()> {
        let tasks = 1 + self.random.below(self.setup.group()) as usize;
        let numbers = self.ledger.numbers(tasks)?;
        let (ledger, random) = (&self.ledger, &mut self.random);
        match pool {
            Pool::Threads => {
                maps::over_threads(self.pools.threads.as_ref()?, ledger, numbers, random);
            }
            Pool::Processes => {
                maps::over_processes(self.pools.processes.as_ref()?, ledger, numbers, random);
            }
        }
        Some(())
    }

    fn scope(&mut self, pool: Pool) -> Option<()> {
        let tasks = 1 + self.random.below(self.setup.group()) as usize;
        let numbers = self.ledger.numbers(tasks)?;
        let (ledger, random) = (&self.ledger, &mut self.random);
        match pool {
            Pool::Threads => {
                scopes::over_threads(self.pools.threads.as_ref()?, ledger, numbers, random);
            }
            Pool::Processes => {
                scopes::over_processes(self.pools.processes.as_ref()?, ledger, numbers, random);
            }
        }
        Some(())
    }

    /// Waits for all handles of this submitter together, whatever was planned for each.
    fn gather(&mut self) {
        let (mut wide, mut narrow) = (Vec::new(), Vec::new());
        for held in self.held.drain(..) {
            match held.handle {
                Handle::Wide(handle) => wide.push((held.fate, handle)),
                Handle::Narrow(handle) => narrow.push((held.fate, handle)),
            }
        }
        gather(wide, &mut self.random, &self.ledger);
        gather(narrow, &mut self.random, &self.ledger);
    }
}

fn gather<T: Into<u64> + Copy>(
    mut handles: Vec<(Fate, TaskHandle<T>)>,
    random: &mut Random,
    ledger: &Ledger,
) {
    let time = Duration::from_micros(random.below(1000));
    let wait_for = match random.below(4) {
        0 => Some(WaitFor::FirstCompleted),
        1 => Some(WaitFor::FirstFailed),
        2 => Some(WaitFor::All),
        _ => None,
    };
    if let Some(wait_for) = wait_for {
        let waited = wait(handles, wait_for, Some(time));
        for (fate, handle) in waited.done {
            if !handle.is_finished() {
                ledger.violate(&fate, "was returned as done and is not");
            }
            ledger.joined(fate, &handle.join());
        }
        handles = waited.pending;
    }
    for (fate, handle) in as_completed(handles) {
        ledger.joined(fate, &handle.join());
    }
}

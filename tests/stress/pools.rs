//! The pools of a round, and how they end.

use std::sync::{Arc, Weak};
use std::time::Duration;

use sandpool::{ProcessPool, Shutdown, ThreadPool};

use super::fate::Pool;
use super::hooks::Hooks;
use super::ledger::Ledger;
use super::setup::{Setup, Way};
use crate::random::Random;

/// The pools that somebody may submit to.
#[derive(Clone, Default)]
pub(super) struct Pools {
    pub(super) threads: Option<Arc<ThreadPool>>,
    pub(super) processes: Option<Arc<ProcessPool>>,
}

/// The same for tasks and callbacks, which do not keep a pool alive.
#[derive(Clone, Default)]
pub(super) struct WeakPools {
    threads: Weak<ThreadPool>,
    processes: Weak<ProcessPool>,
}

impl Pools {
    pub(super) fn new(setup: &Setup, hooks: &Arc<Hooks>) -> Self {
        let count = |pool| Some(setup.mode.workers(pool)).filter(|workers| *workers > 0);
        let threads = count(Pool::Threads).map(|workers| {
            let (start, stop) = (Arc::clone(hooks), Arc::clone(hooks));
            let mut builder = ThreadPool::builder().workers(workers);
            builder = builder.on_thread_start(move |_| start.start());
            builder = builder.on_thread_stop(move |_| stop.stop());
            if let Some(queue) = setup.queue {
                builder = builder.queue(queue);
            }
            Arc::new(builder.build().expect("the settings are sound"))
        });
        let processes = count(Pool::Processes).map(|workers| {
            let (start, stop) = (Arc::clone(hooks), Arc::clone(hooks));
            let mut builder = ProcessPool::builder(crate::fault_module()).workers(workers);
            builder = builder.on_thread_start(move |_| start.start());
            builder = builder.on_thread_stop(move |_| stop.stop());
            builder = builder.isolation(setup.isolation);
            if let Some(queue) = setup.queue {
                builder = builder.queue(queue);
            }
            Arc::new(builder.build().expect("the settings are sound"))
        });
        Self { threads, processes }
    }

    pub(super) fn downgrade(&self) -> WeakPools {
        WeakPools {
            threads: self
                .threads
                .as_ref()
                .map(Arc::downgrade)
                .unwrap_or_default(),
            processes: self
                .processes
                .as_ref()
                .map(Arc::downgrade)
                .unwrap_or_default(),
        }
    }

    /// Ends the pools as the setup says. Those that were not dropped are left, without workers.
    pub(super) fn end(&mut self, setup: &Setup, ledger: &Ledger) {
        let order = match setup.processes_first {
            true => [Pool::Processes, Pool::Threads],
            false => [Pool::Threads, Pool::Processes],
        };
        let mut random = Random::new(&[setup.plan.seed, setup.round as u64, 1]);
        for pool in order {
            let time = Duration::from_micros(random.below(20_000));
            match pool {
                Pool::Threads => end(&mut self.threads, pool, setup, ledger, time),
                Pool::Processes => end(&mut self.processes, pool, setup, ledger, time),
            }
        }
    }
}

impl WeakPools {
    pub(super) fn threads(&self) -> Option<Arc<ThreadPool>> {
        self.threads.upgrade()
    }

    pub(super) fn processes(&self) -> Option<Arc<ProcessPool>> {
        self.processes.upgrade()
    }
}

/// What both pools can do.
trait End {
    fn shut_down(&self, how: Shutdown, time: Option<Duration>) -> bool;
}

impl End for ThreadPool {
    fn shut_down(&self, how: Shutdown, time: Option<Duration>) -> bool {
        match time {
            Some(time) => self.shutdown_timeout(how, time),
            None => {
                self.shutdown(how);
                true
            }
        }
    }
}

impl End for ProcessPool {
    fn shut_down(&self, how: Shutdown, time: Option<Duration>) -> bool {
        match time {
            Some(time) => self.shutdown_timeout(how, time),
            None => {
                self.shutdown(how);
                true
            }
        }
    }
}

fn end(
    ours: &mut Option<Arc<impl End>>,
    pool: Pool,
    setup: &Setup,
    ledger: &Ledger,
    time: Duration,
) {
    let Some(own) = ours else { return };
    let way = setup.ways[pool as usize];
    let cancels = |how| matches!(how, Shutdown::CancelPending | Shutdown::CancelAll);
    match way {
        Way::ShutDown(how) => {
            ledger.close(pool, cancels(how));
            own.shut_down(how, None);
        }
        Way::ShutDownBriefly(how) => {
            ledger.close(pool, cancels(how));
            if !own.shut_down(how, Some(time)) {
                ledger.close(pool, true);
                own.shut_down(Shutdown::CancelAll, None);
            }
        }
        Way::Drop => {
            ledger.close(pool, false);
            ledger.leave(pool);
            *ours = None;
        }
    }
}

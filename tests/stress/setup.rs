//! What is different from round to round.

use std::fmt;
use std::num::NonZeroUsize;

use sandpool::{Isolation, Shutdown};

use super::Plan;
use super::fate::Pool;
use crate::random::Random;

/// Which pools a round has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mode {
    /// Two threads.
    Threads,
    /// Two processes.
    Processes,
    /// One of each.
    Both,
}

pub(super) const MODES: usize = 5;

impl Mode {
    /// In this order, over and over. Sandboxes take many times as long as closures, so they have one
    /// round in five for themselves.
    const CYCLE: [Self; MODES] = [
        Self::Threads,
        Self::Both,
        Self::Processes,
        Self::Threads,
        Self::Both,
    ];

    pub(super) fn workers(self, pool: Pool) -> usize {
        match (self, pool) {
            (Self::Threads, Pool::Threads) | (Self::Processes, Pool::Processes) => 2,
            (Self::Both, _) => 1,
            (Self::Threads, Pool::Processes) | (Self::Processes, Pool::Threads) => 0,
        }
    }
}

/// How a pool comes to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    ShutDown(Shutdown),
    /// With a time limit of milliseconds, and what is left then is cancelled.
    ShutDownBriefly(Shutdown),
    Drop,
}

pub(super) const WAYS: usize = 7;

impl Way {
    const ALL: [Self; WAYS] = [
        Self::ShutDown(Shutdown::Finish),
        Self::ShutDown(Shutdown::CancelPending),
        Self::ShutDown(Shutdown::CancelAll),
        Self::Drop,
        Self::ShutDownBriefly(Shutdown::Finish),
        Self::ShutDownBriefly(Shutdown::CancelPending),
        Self::ShutDownBriefly(Shutdown::CancelAll),
    ];
}

/// One round.
#[derive(Clone, Debug)]
pub(super) struct Setup {
    pub(super) plan: Plan,
    pub(super) round: usize,
    pub(super) mode: Mode,
    /// How the pools of threads and of processes end.
    pub(super) ways: [Way; 2],
    /// Which of them ends first, where there are both.
    pub(super) processes_first: bool,
    pub(super) queue: Option<usize>,
    pub(super) isolation: Isolation,
    /// For each submitter, how many handles it keeps before it joins the first of them.
    pub(super) windows: [usize; 3],
    /// So many tasks are accepted before the pools end.
    pub(super) trigger: u64,
    /// What takes time happens once in so many tasks.
    pub(super) rare: u64,
}

impl Setup {
    /// So often in a round, small ones excepted.
    const RARE_PER_ROUND: usize = 500;

    pub(super) fn new(plan: Plan, round: usize) -> Self {
        let mut random = Random::new(&[plan.seed, round as u64]);
        let way = Way::ALL[round % WAYS];
        let ways = match random.is_one_in(2) {
            true => [way, Way::ALL[random.below(WAYS as u64) as usize]],
            false => [Way::ALL[random.below(WAYS as u64) as usize], way],
        };
        let mode = Mode::CYCLE[round % MODES];
        let window = |random: &mut Random| 1 << random.below(14);
        Self {
            plan,
            round,
            mode,
            ways: match mode {
                Mode::Threads | Mode::Processes => [way; 2],
                Mode::Both => ways,
            },
            processes_first: random.is_one_in(2),
            queue: match random.below(3) {
                0 => Some(1 + random.below(256) as usize),
                _ => None,
            },
            isolation: match random.below(3) {
                0 => Isolation::Reuse {
                    tasks: NonZeroUsize::new(16).expect("16 is not 0"),
                },
                _ => Isolation::Fresh,
            },
            windows: std::array::from_fn(|_| window(&mut random)),
            trigger: (plan.tasks + random.below(plan.tasks as u64 / 50 + 1) as usize) as u64,
            rare: (plan.tasks / Self::RARE_PER_ROUND).clamp(50, 10_000) as u64,
        }
    }

    /// How many tasks may be numbered: more than are accepted, as some are refused, and maps are
    /// dropped before they have taken their inputs.
    pub(super) fn entries(&self) -> usize {
        self.plan.tasks * 3 / 2 + 100_000
    }

    /// In rounds with both pools, one task in so many is for the processes.
    pub(super) const PROCESSES: u64 = 4;

    /// How many inputs a map has, or tasks a scope, at most.
    pub(super) fn group(&self) -> u64 {
        (self.rare / 10).clamp(8, 512)
    }
}

impl fmt::Display for Setup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { plan, round, .. } = self;
        write!(f, "seed {} round {round}: ", plan.seed)?;
        match self.mode {
            Mode::Threads => write!(f, "2 threads, {:?}", self.ways[0])?,
            Mode::Processes => write!(f, "2 processes, {:?}", self.ways[1])?,
            Mode::Both => write!(
                f,
                "1 thread, {:?}, 1 process, {:?}",
                self.ways[0], self.ways[1]
            )?,
        }
        if self.mode != Mode::Threads && self.isolation != Isolation::Fresh {
            f.write_str(", sandboxes shared")?;
        }
        match self.queue {
            Some(queue) => write!(f, ", queue of {queue}"),
            None => Ok(()),
        }
    }
}

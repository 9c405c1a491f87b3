//! Maps with random options, read to the end or dropped half-way.

use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use fault_tasks as tasks;
use sandpool::{MapError, MapOptions, MapWith, ProcessPool, ThreadPool};

use super::ending::Ending;
use super::fate::{Fate, Pool, panic_as_planned};
use super::ledger::{Ledger, mark};
use super::tally::Tally;
use crate::random::Random;

/// One input of a map over threads in so many panics.
const PANICS: usize = 32;

/// A map before its tasks are known.
struct Planned {
    tally: Arc<Tally>,
    /// So many results are read, if there are so many.
    reads: usize,
    unordered: bool,
    timeout: Option<Duration>,
    options: MapOptions,
}

pub(super) fn over_threads(
    pool: &ThreadPool,
    ledger: &Arc<Ledger>,
    numbers: Range<usize>,
    random: &mut Random,
) {
    let mut plan = Planned::new(Pool::Threads, numbers.clone(), ledger, random);
    let own = Arc::clone(ledger);
    let closure = move |number: usize| {
        own.ran(Fate::plain(number, Pool::Threads));
        if number.is_multiple_of(PANICS) {
            own.ended_in_map(number, Ending::Panicked);
            panic_as_planned();
        }
        own.ended_in_map(number, Ending::Value);
        number as u64
    };
    let options = std::mem::take(&mut plan.options);
    match pool.map_with(closure, numbers, options) {
        Ok(map) => plan.read(map, ledger),
        Err(error) => ledger.refuse_any(&plan.tally, Pool::Threads, error.kind()),
    }
}

pub(super) fn over_processes(
    pool: &ProcessPool,
    ledger: &Arc<Ledger>,
    numbers: Range<usize>,
    random: &mut Random,
) {
    let mut plan = Planned::new(Pool::Processes, numbers.clone(), ledger, random);
    let indices = numbers.map(|number| (number as u64 % 3) as u32);
    let options = std::mem::take(&mut plan.options);
    match pool.map_with(tasks::index_out_of_bounds, indices, options) {
        Ok(map) => plan.read(map, ledger),
        Err(error) => ledger.refuse_any(&plan.tally, Pool::Processes, error.kind()),
    }
}

impl Planned {
    fn new(pool: Pool, numbers: Range<usize>, ledger: &Arc<Ledger>, random: &mut Random) -> Self {
        const LARGEST_CHUNK: u64 = 32;
        const LONGEST_MICROSECONDS: u64 = 2000;
        for number in numbers.clone() {
            ledger.mark(number, mark::OF_MAP);
        }
        let tasks = numbers.len() as u64;
        let tally = Arc::new(Tally::new(pool, numbers));
        ledger.add_map(Arc::clone(&tally));
        let (own, told) = (Arc::clone(ledger), Arc::clone(&tally));
        let mut options = MapOptions::new().progress(move |progress| told.told(progress, &own));
        options = match random.below(3) {
            0 => options,
            1 => options.chunk(1 + random.below(LARGEST_CHUNK) as usize),
            _ => options.auto_chunk(),
        };
        if random.is_one_in(2) {
            options = options.window(1 + random.below(2 * tasks) as usize);
        }
        let unordered = random.is_one_in(3);
        if unordered {
            options = options.unordered();
        }
        let time = Duration::from_micros(random.below(LONGEST_MICROSECONDS));
        let timeout = random.is_one_in(8).then_some(time);
        if let Some(timeout) = timeout {
            options = options.timeout(timeout);
        }
        let reads = match random.is_one_in(2) {
            true => usize::MAX,
            false => random.below(tasks) as usize,
        };
        Self {
            tally,
            reads,
            unordered,
            timeout,
            options,
        }
    }

    /// Reads the map as far as was planned, and drops it.
    fn read<T: Into<u64> + Send + 'static>(&self, map: MapWith<'_, T>, ledger: &Ledger) {
        for (index, result) in map.take(self.reads).enumerate() {
            match result {
                Ok(value) => self.check_value(index, value.into(), ledger),
                Err(MapError::Task(error)) => self.check_end(Ending::of::<()>(&Err(error)), ledger),
                Err(MapError::TimedOut { .. }) if self.timeout.is_some() => {}
                Err(MapError::NotSubmitted(error)) => {
                    ledger.refuse_any(&self.tally, self.tally.pool, error.kind());
                }
                Err(other) => ledger.violate(&self.tally, format_args!("{other:?}")),
            }
        }
    }

    fn check_value(&self, index: usize, value: u64, ledger: &Ledger) {
        let numbers = &self.tally.numbers;
        let is_right = match self.tally.pool {
            Pool::Threads => {
                let number = value as usize;
                let in_place = self.unordered || number == numbers.start + index;
                numbers.contains(&number)
                    && in_place
                    && ledger.end(number) == Some(Ending::Value)
                    && ledger.mark(number, mark::TAKEN) & mark::TAKEN == 0
            }
            Pool::Processes if self.unordered => (1..=3).contains(&value),
            Pool::Processes => value == Fate::plain(numbers.start + index, Pool::Processes).value(),
        };
        if !is_right {
            let what = format_args!("returned {value} as the result {index}");
            ledger.violate(&self.tally, what);
        }
    }

    fn check_end(&self, ending: Ending, ledger: &Ledger) {
        let pool = self.tally.pool;
        let is_right = match ending {
            Ending::Panicked => pool == Pool::Threads,
            Ending::Cancelled => ledger.is_cancelling(pool),
            _ => false,
        };
        if !is_right {
            ledger.violate(&self.tally, format_args!("a task ended as {ending:?}"));
        }
    }
}

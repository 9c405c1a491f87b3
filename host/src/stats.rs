//! What is going on in a pool, counted.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use crate::completion::Outcome;
use crate::error::{TaskError, TaskErrorKind};
use crate::initialization::Initialization;
use crate::interruption::Interruption;
use crate::thread_number::thread_number;

/// What a pool has done and is doing, at one moment. While tasks come and go the numbers are read one
/// after the other, so their sum may be off by those; once all is quiet it is exact. Of a chunk of short tasks,
/// some are counted together; where it is cancelled before they are, they count as cancelled.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct PoolStats {
    /// Worker threads that there are: they are started when there is work, and exit after a shutdown.
    pub workers: u64,
    /// Tasks that wait to be run.
    pub queued: u64,
    /// Tasks that run.
    pub running: u64,
    /// Tasks that ended with a value.
    pub succeeded: u64,
    /// Tasks that ended with an error of their own: they returned `Err`.
    pub failed: u64,
    /// Tasks that panicked.
    pub panicked: u64,
    /// Tasks that trapped or used up their stack.
    pub trapped: u64,
    /// Tasks that ran out of time.
    pub timed_out: u64,
    /// Tasks that burnt all their fuel.
    pub out_of_fuel: u64,
    /// Tasks that wanted more memory, or a larger table, than they may have.
    pub out_of_memory: u64,
    /// Tasks that ended otherwise: with arguments or results that cannot be used, without a sandbox, or
    /// because the pool broke.
    pub other_errors: u64,
    /// Tasks that were cancelled.
    pub cancelled: u64,
    /// Sandboxes that were made. With [`Isolation::Fresh`](crate::Isolation::Fresh) one for each task
    /// that was run. 0 for a [`ThreadPool`](crate::ThreadPool).
    pub instances_made: u64,
    /// Sandboxes that were thrown away again; the others are kept by their workers.
    pub instances_retired: u64,
    /// The fuel that tasks have burnt, all together; 0 where the module does not
    /// [count it](crate::TaskModuleBuilder::fuel_metering).
    pub fuel_used: u64,
    /// How long workers have been running tasks, all workers together, with what is between two that follow at
    /// once.
    pub busy: Duration,
    /// How running tasks are stopped. `None` for a [`ThreadPool`](crate::ThreadPool), whose tasks are not.
    pub interruption: Option<Interruption>,
    /// How sandboxes are initialized. `None` where there is no initializer, and for a
    /// [`ThreadPool`](crate::ThreadPool), whose initializer runs in every thread.
    pub initialization: Option<Initialization>,
}

impl PoolStats {
    /// Returns how many tasks have ended, however they did.
    #[must_use]
    pub fn finished(&self) -> u64 {
        self.succeeded + self.errors() + self.cancelled
    }

    /// Returns how many tasks have ended with an error other than by being cancelled.
    #[must_use]
    pub fn errors(&self) -> u64 {
        let own = self.failed + self.panicked + self.trapped;
        own + self.timed_out + self.out_of_fuel + self.out_of_memory + self.other_errors
    }

    /// Returns how many tasks the pool has accepted.
    #[must_use]
    pub fn submitted(&self) -> u64 {
        self.queued + self.running + self.finished()
    }
}

/// The counters behind [`PoolStats`]; every task of a pool has a share.
#[derive(Debug, Default)]
pub(crate) struct Counters {
    /// Each of the thread that came to it first, which counts there without others being kept out.
    own: [Shard; SHARDS],
    /// Of the other threads.
    common: [Shard; SHARDS],
}

/// As many as threads count at once, mostly.
const SHARDS: usize = 16;

/// What some threads have counted, by itself in the cache: two threads that write to one place by turns have
/// to wait for it each time.
#[derive(Debug, Default)]
#[repr(align(128))]
struct Shard {
    /// The number of the thread whose shard this is, if it is one's.
    owner: AtomicUsize,
    /// Tasks that were queued.
    accepted: Counter,
    /// Queued tasks, or chunks of them, that a worker has begun.
    begun: Counter,
    /// Tasks that were not queued, and have begun.
    called: Counter,
    /// Tasks that left the queue otherwise than by what `begun` counts, less those that it counts and that had
    /// left before.
    left: Counter,
    /// Tasks that ended, more than those of what `begun` and `called` count.
    beside: Counter,
    succeeded: Counter,
    failed: Counter,
    panicked: Counter,
    trapped: Counter,
    timed_out: Counter,
    out_of_fuel: Counter,
    out_of_memory: Counter,
    other_errors: Counter,
    cancelled: Counter,
    instances_made: Counter,
    instances_retired: Counter,
    fuel_used: Counter,
    busy_nanoseconds: Counter,
}

/// Counts, and is not used for anything else: no order with other memory is needed. May go below zero in one
/// shard, where another has the rest.
#[derive(Debug, Default)]
struct Counter(AtomicU64);

/// Where a thread counts.
struct Here<'a> {
    shard: &'a Shard,
    /// Nobody else does.
    is_own: bool,
}

impl Here<'_> {
    #[inline]
    fn add(&self, Counter(counter): &Counter, number: u64) {
        match self.is_own {
            // A good deal faster than what keeps others out meanwhile.
            true => {
                let before = counter.load(Ordering::Relaxed);
                counter.store(before.wrapping_add(number), Ordering::Relaxed);
            }
            false => _ = counter.fetch_add(number, Ordering::Relaxed),
        }
    }
}

impl Counters {
    /// Where this thread counts.
    #[inline]
    fn here(&self) -> Here<'_> {
        let number = thread_number();
        let shard = &self.own[number % SHARDS];
        let is_own = match shard.owner.load(Ordering::Relaxed) {
            0 => {
                let owner = &shard.owner;
                let taken = owner.compare_exchange(0, number, Ordering::Relaxed, Ordering::Relaxed);
                taken.is_ok()
            }
            owner => owner == number,
        };
        match is_own {
            true => Here { shard, is_own },
            false => Here {
                shard: &self.common[number % SHARDS],
                is_own,
            },
        }
    }

    /// So many tasks were queued.
    #[inline]
    pub(crate) fn accept(&self, tasks: u64) {
        let here = self.here();
        here.add(&here.shard.accepted, tasks);
    }

    /// A worker begins a queued task, or a chunk of them.
    #[inline]
    pub(crate) fn start(&self) {
        let here = self.here();
        here.add(&here.shard.begun, 1);
    }

    /// A task begins that was not queued.
    #[inline]
    pub(crate) fn start_call(&self) {
        let here = self.here();
        here.add(&here.shard.called, 1);
    }

    /// The task has ended like this that was counted by [`start_call`](Self::start_call).
    #[inline]
    pub(crate) fn end_call<T>(&self, outcome: &Outcome<T>) {
        let here = self.here();
        here.add(here.shard.ended(outcome), 1);
    }

    /// So many tasks of a chunk have ended like this while it runs, and so many more have begun.
    pub(crate) fn some_of_chunk<T>(&self, outcome: &Outcome<T>, tasks: u64, begun: u64) {
        let here = self.here();
        here.add(here.shard.ended(outcome), tasks);
        here.add(&here.shard.beside, tasks);
        here.add(&here.shard.left, begun);
    }

    /// A queued task, or what is left of a chunk, has ended like this, after it had begun or without.
    #[inline]
    pub(crate) fn end<T>(&self, outcome: &Outcome<T>, left: u64, has_begun: bool) {
        let here = self.here();
        here.add(here.shard.ended(outcome), left);
        match has_begun {
            // The usual case: one that `begun` counts.
            true if left == 1 => {}
            true => {
                here.add(&here.shard.left, left.saturating_sub(1));
                here.add(&here.shard.beside, left.wrapping_sub(1));
            }
            false => {
                here.add(&here.shard.left, left);
                here.add(&here.shard.beside, left);
            }
        }
    }

    /// Counts the time that a worker was busy with a task.
    pub(crate) fn count_busy(&self, time: Duration) {
        let nanoseconds = u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
        let here = self.here();
        here.add(&here.shard.busy_nanoseconds, nanoseconds);
    }

    pub(crate) fn count_fuel(&self, fuel: u64) {
        let here = self.here();
        here.add(&here.shard.fuel_used, fuel);
    }

    pub(crate) fn count_instance_made(&self) {
        let here = self.here();
        here.add(&here.shard.instances_made, 1);
    }

    pub(crate) fn count_instance_retired(&self) {
        let here = self.here();
        here.add(&here.shard.instances_retired, 1);
    }

    /// Returns the numbers, for a pool that has so many workers now.
    pub(crate) fn read(&self, workers: usize) -> PoolStats {
        let sum = |counter: fn(&Shard) -> &Counter| {
            let read = |shard| counter(shard).0.load(Ordering::Relaxed);
            let shards = self.own.iter().chain(&self.common);
            shards.map(read).fold(0, u64::wrapping_add)
        };
        // They are read one after the other: what is more than another first, so that no task is seen twice.
        let begun = sum(|shard| &shard.begun).wrapping_add(sum(|shard| &shard.called));
        let begun = begun.wrapping_add(sum(|shard| &shard.beside));
        let accepted = sum(|shard| &shard.accepted);
        let mut stats = PoolStats {
            workers: workers as u64,
            succeeded: sum(|shard| &shard.succeeded),
            failed: sum(|shard| &shard.failed),
            panicked: sum(|shard| &shard.panicked),
            trapped: sum(|shard| &shard.trapped),
            timed_out: sum(|shard| &shard.timed_out),
            out_of_fuel: sum(|shard| &shard.out_of_fuel),
            out_of_memory: sum(|shard| &shard.out_of_memory),
            other_errors: sum(|shard| &shard.other_errors),
            cancelled: sum(|shard| &shard.cancelled),
            instances_made: sum(|shard| &shard.instances_made),
            instances_retired: sum(|shard| &shard.instances_retired),
            fuel_used: sum(|shard| &shard.fuel_used),
            busy: Duration::from_nanos(sum(|shard| &shard.busy_nanoseconds)),
            ..PoolStats::default()
        };
        let left = sum(|shard| &shard.begun).wrapping_add(sum(|shard| &shard.left));
        let difference = |more: u64, less: u64| {
            let difference = more.wrapping_sub(less).cast_signed();
            u64::try_from(difference).unwrap_or(0)
        };
        stats.running = difference(begun, stats.finished());
        stats.queued = difference(accepted, left);
        stats
    }
}

impl Shard {
    /// Returns the counter of tasks that end like this.
    fn ended<T>(&self, outcome: &Outcome<T>) -> &Counter {
        match outcome.as_ref().map_err(TaskError::kind) {
            Ok(_) => &self.succeeded,
            Err(TaskErrorKind::Failed(_)) => &self.failed,
            Err(TaskErrorKind::Panicked(_)) => &self.panicked,
            Err(TaskErrorKind::Trapped(_) | TaskErrorKind::StackOverflow { .. }) => &self.trapped,
            Err(TaskErrorKind::DeadlineExceeded { .. }) => &self.timed_out,
            Err(TaskErrorKind::FuelExhausted { .. }) => &self.out_of_fuel,
            Err(
                TaskErrorKind::MemoryLimitExceeded { .. }
                | TaskErrorKind::TableLimitExceeded { .. },
            ) => &self.out_of_memory,
            Err(TaskErrorKind::Cancelled) => &self.cancelled,
            Err(
                TaskErrorKind::ArgumentsTooLarge { .. }
                | TaskErrorKind::ResultTooLarge { .. }
                | TaskErrorKind::BadHostCall { .. }
                | TaskErrorKind::BadArguments(_)
                | TaskErrorKind::BadResult(_)
                | TaskErrorKind::NoSandbox(_)
                | TaskErrorKind::Broken(_),
            ) => &self.other_errors,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Barrier;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::thread;

    use super::{Counters, SHARDS};
    use crate::thread_number::thread_number;

    #[test]
    fn nothing_is_lost_that_threads_count_in_one_place() {
        const THREADS: usize = 4 * SHARDS;
        // So many that they are at it together, which miri sees to otherwise.
        const TIMES: u64 = if cfg!(miri) { 20 } else { 500_000 };
        let (counters, all_are_here) = (Counters::default(), Barrier::new(THREADS));
        let of_shards = [const { AtomicUsize::new(0) }; SHARDS];
        // Those count that would have the shard that most of them would.
        let count = || {
            let shard = thread_number() % SHARDS;
            of_shards[shard].fetch_add(1, Ordering::SeqCst);
            all_are_here.wait();
            let most = (0..SHARDS).max_by_key(|shard| of_shards[*shard].load(Ordering::SeqCst));
            if most != Some(shard) {
                return 0;
            }
            for _ in 0..TIMES {
                counters.accept(1);
                counters.start();
                counters.end(&Ok(()), 1, true);
            }
            TIMES
        };
        let counted: u64 = thread::scope(|scope| {
            let threads: Vec<_> = (0..THREADS).map(|_| scope.spawn(count)).collect();
            let counted = threads.into_iter().map(|thread| thread.join().unwrap());
            counted.sum()
        });
        // One has a shard of its own, the others a common one.
        assert!(counted >= 4 * TIMES);
        let stats = counters.read(0);
        assert_eq!(
            (stats.submitted(), stats.succeeded, stats.running),
            (counted, counted, 0)
        );
    }
}

//! What is going on in a pool, counted.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use crate::completion::Outcome;
use crate::error::{TaskError, TaskErrorKind};
use crate::initialization::Initialization;
use crate::interruption::Interruption;

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
    /// How long workers have been running tasks, all workers together.
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
    pub(crate) queued: Counter,
    pub(crate) running: Counter,
    succeeded: Counter,
    failed: Counter,
    panicked: Counter,
    trapped: Counter,
    timed_out: Counter,
    out_of_fuel: Counter,
    out_of_memory: Counter,
    other_errors: Counter,
    cancelled: Counter,
    pub(crate) instances_made: Counter,
    pub(crate) instances_retired: Counter,
    pub(crate) fuel_used: Counter,
    busy_nanoseconds: Counter,
}

/// Counts, and is not used for anything else: no order with other memory is needed.
#[derive(Debug, Default)]
pub(crate) struct Counter(AtomicU64);

impl Counter {
    pub(crate) fn add(&self, number: u64) {
        self.0.fetch_add(number, Ordering::Relaxed);
    }

    pub(crate) fn subtract(&self, number: u64) {
        self.0.fetch_sub(number, Ordering::Relaxed);
    }

    fn read(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

impl Counters {
    /// Counts so many tasks that ended like this.
    pub(crate) fn count<T>(&self, outcome: &Outcome<T>, tasks: u64) {
        let counter = match outcome.as_ref().map_err(TaskError::kind) {
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
        };
        counter.add(tasks);
    }

    /// Counts the time that a worker was busy with a task.
    pub(crate) fn count_busy(&self, time: Duration) {
        let nanoseconds = u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
        self.busy_nanoseconds.add(nanoseconds);
    }

    /// Returns the numbers, for a pool that has so many workers now.
    pub(crate) fn read(&self, workers: usize) -> PoolStats {
        PoolStats {
            workers: workers as u64,
            queued: self.queued.read(),
            running: self.running.read(),
            succeeded: self.succeeded.read(),
            failed: self.failed.read(),
            panicked: self.panicked.read(),
            trapped: self.trapped.read(),
            timed_out: self.timed_out.read(),
            out_of_fuel: self.out_of_fuel.read(),
            out_of_memory: self.out_of_memory.read(),
            other_errors: self.other_errors.read(),
            cancelled: self.cancelled.read(),
            instances_made: self.instances_made.read(),
            instances_retired: self.instances_retired.read(),
            fuel_used: self.fuel_used.read(),
            busy: Duration::from_nanos(self.busy_nanoseconds.read()),
            interruption: None,
            initialization: None,
        }
    }
}

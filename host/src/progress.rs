//! How far a `map` is.

use std::sync::Arc;
use std::time::Duration;

use crate::quietly::quietly;
use crate::sync::thread::{self, ThreadId};
use crate::sync::{self, AtomicUsize, Condvar, Mutex, Ordering};

/// How far a `map` is: what its [progress callback](crate::MapOptions::progress) is told.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Progress {
    /// Tasks that have ended, however they did.
    pub finished: usize,
    /// Those of them that ended without a value: failed, or cancelled.
    pub failed: usize,
    /// How many there are, as soon as that is known: for inputs of known length from the start.
    pub total: Option<usize>,
}

type Callback = Box<dyn FnMut(Progress) + Send>;

/// Counts the ended tasks of a map and tells a callback, from whichever thread, one call at a time.
pub(crate) struct Meter {
    count: Mutex<Count>,
    changed: Condvar,
    callback: Mutex<Callback>,
}

#[derive(Default)]
struct Count {
    now: Progress,
    /// How often that has changed, and how often it had when the callback was last told.
    changes: u64,
    told: u64,
    /// The change up to which the teller tells.
    to_tell: u64,
    /// The thread that is telling.
    teller: Option<ThreadId>,
}

impl Meter {
    pub(crate) fn new(callback: Callback) -> Self {
        Self {
            count: Mutex::default(),
            changed: Condvar::new(),
            callback: Mutex::new(callback),
        }
    }

    pub(crate) fn set_total(&self, total: usize) {
        self.update(|now| now.total = Some(total));
    }

    fn add(&self, tasks: usize, failed: bool) {
        self.update(|now| {
            now.finished += tasks;
            if failed {
                now.failed += tasks;
            }
        });
    }

    /// Changes the numbers, and returns when the callback was told of that: by this thread, or by
    /// another one that has told of later numbers.
    fn update(&self, update: impl FnOnce(&mut Progress)) {
        let this = thread::current().id();
        let mut count = sync::lock(&self.count);
        update(&mut count.now);
        count.changes += 1;
        let change = count.changes;
        if count.teller == Some(this) {
            // From inside the callback: told when that has returned.
            count.to_tell = change;
            return;
        }
        while count.teller.is_some() && count.told < change {
            (count, _) = sync::wait(&self.changed, count, None);
        }
        if count.told >= change {
            return;
        }
        count.to_tell = change;
        while count.told < count.to_tell {
            let (now, changes) = (count.now, count.changes);
            count.teller = Some(this);
            drop(count);
            // Nobody else takes this lock: one thread is telling.
            let mut callback = sync::lock(&self.callback);
            quietly(|| callback(now));
            drop(callback);
            count = sync::lock(&self.count);
            count.told = changes;
        }
        count.teller = None;
        drop(count);
        self.changed.notify_all();
    }
}

/// How long the tasks of a map take, as far as they have been run.
#[derive(Default)]
pub(crate) struct Pace {
    sum: Mutex<(Duration, u32)>,
}

impl Pace {
    /// Returns the mean time of a task; `None` before the first has ended.
    pub(crate) fn of_one(&self) -> Option<Duration> {
        let (time, tasks) = *sync::lock(&self.sum);
        time.checked_div(tasks)
    }

    fn add(&self, time: Duration, tasks: usize) {
        let mut sum = sync::lock(&self.sum);
        sum.0 = sum.0.saturating_add(time);
        sum.1 = sum
            .1
            .saturating_add(u32::try_from(tasks).unwrap_or(u32::MAX));
    }
}

/// What is told of a chunk: each of its tasks ends once, while it runs or with the chunk.
pub(crate) struct Report {
    meter: Option<Arc<Meter>>,
    pace: Arc<Pace>,
    tasks: usize,
    ended: AtomicUsize,
}

impl Report {
    pub(crate) fn new(meter: Option<Arc<Meter>>, pace: Arc<Pace>, tasks: usize) -> Self {
        Self {
            meter,
            pace,
            tasks,
            ended: AtomicUsize::new(0),
        }
    }

    /// Returns how many tasks of the map take so long, at least 1 and at most `most`: as far as is known.
    pub(crate) fn in_time(&self, time: Duration, most: u64) -> u64 {
        match self.pace.of_one() {
            Some(one) if !self.is_watched() => {
                let tasks = time.as_nanos() / one.as_nanos().max(1);
                u64::try_from(tasks).unwrap_or(most).clamp(1, most)
            }
            _ => 1,
        }
    }

    /// Whether somebody wants to know of each task.
    pub(crate) fn is_watched(&self) -> bool {
        self.meter.is_some()
    }

    /// So many tasks of the chunk have ended while the chunk runs.
    pub(crate) fn some_ended(&self, tasks: u64, failed: bool) {
        let tasks = usize::try_from(tasks).unwrap_or(usize::MAX);
        let more = |ended: usize| ended.checked_add(tasks).filter(|sum| *sum <= self.tasks);
        let (set, fetch) = (Ordering::AcqRel, Ordering::Acquire);
        if self.ended.fetch_update(set, fetch, more).is_ok() {
            self.tell(tasks, failed);
        }
    }

    /// The chunk has been run: that took so long.
    pub(crate) fn took(&self, time: Duration) {
        self.pace.add(time, self.tasks);
    }

    /// The chunk has ended.
    pub(crate) fn all_ended(&self, failed: bool) {
        let ended = self.ended.swap(self.tasks, Ordering::AcqRel);
        if ended < self.tasks {
            self.tell(self.tasks - ended, failed);
        }
    }

    fn tell(&self, tasks: usize, failed: bool) {
        if let Some(meter) = &self.meter {
            meter.add(tasks, failed);
        }
    }
}

//! The account of a round: one entry for each task, in which its end is written once.

use std::fmt;
use std::ops::Range;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};

use sandpool::{SubmitErrorKind, TaskError};

use super::ending::Ending;
use super::fate::{Deed, Fate, Pool};
use super::tally::Tally;

/// What is known of a task besides its end.
pub(super) mod mark {
    pub(in super::super) const ACCEPTED: u8 = 1;
    /// Its pool is that of processes.
    pub(in super::super) const PROCESS: u8 = 2;
    /// Somebody is about to cancel it.
    pub(in super::super) const CANCELLING: u8 = 4;
    /// Who cancelled it was told that it is cancelled.
    pub(in super::super) const CANCELLED: u8 = 8;
    /// Its closure was called.
    pub(in super::super) const RAN: u8 = 16;
    /// It is an input of a map: a `Tally` has the rest.
    pub(in super::super) const OF_MAP: u8 = 32;
    /// A joiner, or who reads the map, has its outcome.
    pub(in super::super) const TAKEN: u8 = 64;
    /// Its pool was shut down, and gave the work back.
    pub(in super::super) const REFUSED: u8 = 128;
}

/// The memory order is `Relaxed` throughout: who may rely on an entry learned of it through the pool,
/// whose locks order it. Where they do not, that is for this test to find.
pub(super) struct Ledger {
    place: String,
    next: AtomicUsize,
    /// 0 until the task has ended, then 1 + the `Ending`.
    ends: Box<[AtomicU8]>,
    marks: Box<[AtomicU8]>,
    accepted: [AtomicU64; 2],
    refused: AtomicU64,
    /// Times that a bounded queue was full.
    full: AtomicU64,
    /// Callbacks beside the first one of a task: added, and called.
    pub(super) more_callbacks: [AtomicU64; 2],
    closing: [AtomicBool; 2],
    cancelling: [AtomicBool; 2],
    leaving: [AtomicBool; 2],
    maps: Mutex<Vec<Arc<Tally>>>,
    violation: Mutex<Option<String>>,
    violated: AtomicBool,
}

impl Ledger {
    /// Of a round, named by `place`, with so many entries.
    pub(super) fn new(place: String, entries: usize) -> Self {
        let zeros = || (0..entries).map(|_| AtomicU8::new(0)).collect();
        Self {
            place,
            next: AtomicUsize::new(0),
            ends: zeros(),
            marks: zeros(),
            accepted: Default::default(),
            refused: AtomicU64::new(0),
            full: AtomicU64::new(0),
            more_callbacks: Default::default(),
            closing: Default::default(),
            cancelling: Default::default(),
            leaving: Default::default(),
            maps: Mutex::default(),
            violation: Mutex::default(),
            violated: AtomicBool::new(false),
        }
    }

    /// Returns the numbers of so many new tasks; `None` when the ledger is full.
    pub(super) fn numbers(&self, tasks: usize) -> Option<Range<usize>> {
        let first = self.next.fetch_add(tasks, Relaxed);
        (first + tasks <= self.ends.len()).then_some(first..first + tasks)
    }

    pub(super) fn number(&self) -> Option<usize> {
        self.numbers(1).map(|numbers| numbers.start)
    }

    /// Returns how many numbers were given out.
    pub(super) fn len(&self) -> usize {
        self.next.load(Relaxed).min(self.ends.len())
    }

    pub(super) fn accepted(&self) -> u64 {
        self.accepted_by(Pool::Threads) + self.accepted_by(Pool::Processes)
    }

    pub(super) fn accepted_by(&self, pool: Pool) -> u64 {
        self.accepted[pool as usize].load(Relaxed)
    }

    pub(super) fn refused(&self) -> u64 {
        self.refused.load(Relaxed)
    }

    pub(super) fn full(&self) -> u64 {
        self.full.load(Relaxed)
    }

    /// Notes a mark and returns those of before.
    pub(super) fn mark(&self, number: usize, mark: u8) -> u8 {
        self.marks[number].fetch_or(mark, Relaxed)
    }

    pub(super) fn marks(&self, number: usize) -> u8 {
        self.marks[number].load(Relaxed)
    }

    pub(super) fn end(&self, number: usize) -> Option<Ending> {
        let end = self.ends[number].load(Relaxed).checked_sub(1)?;
        Some(Ending::ALL[usize::from(end)])
    }

    /// A pool has accepted the task.
    pub(super) fn accept(&self, fate: Fate) {
        let process = match fate.pool {
            Pool::Threads => 0,
            Pool::Processes => mark::PROCESS,
        };
        if self.mark(fate.number, mark::ACCEPTED | process) & mark::ACCEPTED != 0 {
            self.violate(&fate, "was accepted twice");
        }
        self.accept_more(fate.pool, 1);
    }

    /// A pool has accepted tasks of a map.
    pub(super) fn accept_more(&self, pool: Pool, tasks: u64) {
        self.accepted[pool as usize].fetch_add(tasks, Relaxed);
    }

    /// A pool has not accepted the task, for this reason.
    pub(super) fn refuse(&self, fate: Fate, kind: &SubmitErrorKind) {
        self.mark(fate.number, mark::REFUSED);
        self.refuse_any(&fate, fate.pool, kind);
    }

    /// A pool has not accepted what `who` wanted to submit.
    pub(super) fn refuse_any(&self, who: &dyn fmt::Debug, pool: Pool, kind: &SubmitErrorKind) {
        match kind {
            SubmitErrorKind::ShutDown if self.is_closing(pool) => {}
            SubmitErrorKind::QueueFull => {}
            other => self.violate(who, format_args!("was refused: {other:?}")),
        }
        self.refused.fetch_add(1, Relaxed);
    }

    /// The queue had no room for the task.
    pub(super) fn queue_was_full(&self) {
        self.full.fetch_add(1, Relaxed);
    }

    /// The task's closure is called.
    pub(super) fn ran(&self, fate: Fate) {
        if self.mark(fate.number, mark::RAN) & mark::RAN != 0 {
            self.violate(&fate, "ran twice");
        }
        if let Some(end) = self.end(fate.number) {
            self.violate(&fate, format_args!("ran when it had ended: {end:?}"));
        }
    }

    /// The task's callback is called.
    pub(super) fn ended<T: Into<u64> + Copy>(&self, fate: Fate, outcome: &Result<T, TaskError>) {
        let ending = Ending::of(outcome);
        let number = fate.number;
        let before = self.ends[number].swap(ending as u8 + 1, Relaxed);
        if before != 0 {
            let before = Ending::ALL[usize::from(before - 1)];
            self.violate(&fate, format_args!("ended twice: {before:?}, {ending:?}"));
        }
        let marks = self.marks(number);
        let cancelled = ending == Ending::Cancelled;
        if cancelled && !self.may_be_cancelled(fate.pool, marks) {
            self.violate(&fate, "ended as cancelled, and nobody cancelled it");
        }
        if !cancelled && !fate.permits(ending) {
            let error = outcome.as_ref().err();
            self.violate(&fate, format_args!("ended as {ending:?}: {error:?}"));
        }
        if let Ok(value) = outcome {
            self.compare(fate, (*value).into());
        }
        let ran = marks & mark::RAN != 0;
        if fate.pool == Pool::Threads && ran == cancelled {
            self.violate(&fate, format_args!("ended as {ending:?}, ran: {ran}"));
        }
    }

    /// An input of a map ends, whose closure is running.
    pub(super) fn ended_in_map(&self, number: usize, ending: Ending) {
        let before = self.ends[number].swap(ending as u8 + 1, Relaxed);
        if before != 0 {
            self.violate(&number, "an input of a map, ended twice");
        }
    }

    /// The task was joined, after its callback has been called.
    pub(super) fn joined<T: Into<u64> + Copy>(&self, fate: Fate, outcome: &Result<T, TaskError>) {
        let (seen, told) = (Ending::of(outcome), self.end(fate.number));
        if told != Some(seen) {
            let what = format_args!("joined as {seen:?}, its callback was told {told:?}");
            self.violate(&fate, what);
        }
        if self.mark(fate.number, mark::TAKEN) & mark::TAKEN != 0 {
            self.violate(&fate, "was joined twice");
        }
        if let Ok(value) = outcome {
            self.compare(fate, (*value).into());
        }
    }

    fn compare(&self, fate: Fate, value: u64) {
        if value != fate.value() {
            self.violate(&fate, format_args!("returned {value}"));
        }
    }

    fn may_be_cancelled(&self, pool: Pool, marks: u8) -> bool {
        marks & mark::CANCELLING != 0 || self.cancelling[pool as usize].load(Relaxed)
    }

    /// A pool is about to be shut down, and its tasks to be cancelled if `cancels`.
    pub(super) fn close(&self, pool: Pool, cancels: bool) {
        self.closing[pool as usize].store(true, Relaxed);
        if cancels {
            self.cancelling[pool as usize].store(true, Relaxed);
        }
    }

    pub(super) fn is_cancelling(&self, pool: Pool) -> bool {
        self.cancelling[pool as usize].load(Relaxed)
    }

    pub(super) fn is_closing(&self, pool: Pool) -> bool {
        self.closing[pool as usize].load(Relaxed)
    }

    /// Those who submit are to let go of the pool.
    pub(super) fn leave(&self, pool: Pool) {
        self.leaving[pool as usize].store(true, Relaxed);
    }

    pub(super) fn is_leaving(&self, pool: Pool) -> bool {
        self.leaving[pool as usize].load(Relaxed)
    }

    /// Whether something is wrong, so that the round need not go on.
    pub(super) fn is_violated(&self) -> bool {
        self.violated.load(Relaxed)
    }

    pub(super) fn add_map(&self, tally: Arc<Tally>) {
        let mut maps = self.maps.lock().unwrap_or_else(PoisonError::into_inner);
        maps.push(tally);
    }

    /// Returns the maps of the round, and forgets them.
    pub(super) fn take_maps(&self) -> Vec<Arc<Tally>> {
        let mut maps = self.maps.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::take(&mut maps)
    }

    /// Notes what is wrong with a task, or with what else `who` is; the first thing counts.
    pub(super) fn violate(&self, who: &dyn fmt::Debug, what: impl fmt::Display) {
        let mut violation = self
            .violation
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let place = &self.place;
        violation.get_or_insert_with(|| format!("{place}: {who:?}: {what}"));
        drop(violation);
        self.violated.store(true, Relaxed);
    }

    pub(super) fn violation(&self) -> Option<String> {
        let violation = self.violation.lock();
        violation.unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(super) fn place(&self) -> &str {
        &self.place
    }

    /// Does what the closure of a task does by itself.
    pub(super) fn work(&self, fate: Fate) -> u64 {
        self.ran(fate);
        if fate.deed == Deed::Panic {
            super::fate::panic_as_planned();
        }
        fate.value()
    }
}

//! The account at the end of a round: what callbacks, closures, maps and statistics say is the same.

use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::thread;
use std::time::{Duration, Instant};

use sandpool::PoolStats;

use super::ending::{Ending, Endings};
use super::fate::Pool;
use super::hooks::Hooks;
use super::ledger::{Ledger, mark};
use super::pools::Pools;
use super::tally::Tally;

/// What the ledger says of a pool.
#[derive(Default)]
struct Account {
    endings: Endings,
    /// Tasks that may count as values where the ledger has them as cancelled.
    unclear: u64,
}

/// Notes in the ledger what is wrong, and returns how the tasks of the round ended.
pub(super) fn check(ledger: &Arc<Ledger>, pools: &Pools, hooks: &Hooks) -> Endings {
    if ledger.is_violated() {
        return Endings::default();
    }
    // Where a pool was dropped on one of its workers, or the deadline of a task came, that thread may
    // be about to end the last task still.
    until(ledger, "tasks have not ended", || all_ended(ledger));
    until(ledger, "threads have not exited", || hooks.alive() == 0);
    check_entries(ledger);
    let mut accounts = [
        account(ledger, Pool::Threads),
        account(ledger, Pool::Processes),
    ];
    for tally in ledger.take_maps() {
        add_map(ledger, &tally, &mut accounts[tally.pool as usize]);
    }
    let stats = [
        pools.threads.as_ref().map(|pool| pool.stats()),
        pools.processes.as_ref().map(|pool| pool.stats()),
    ];
    let mut endings = Endings::default();
    for (pool, stats) in [Pool::Threads, Pool::Processes].into_iter().zip(stats) {
        let account = &accounts[pool as usize];
        let accepted = ledger.accepted_by(pool);
        if account.endings.sum() != accepted {
            let what = format_args!("accepted {accepted}, ended: {}", account.endings);
            ledger.violate(&pool, what);
        }
        if let Some(stats) = stats {
            compare(ledger, pool, account, &stats);
        }
        endings.add_all(&account.endings);
    }
    let [added, called] = ledger
        .more_callbacks
        .each_ref()
        .map(|count| count.load(Relaxed));
    if added != called {
        let what = format_args!("added {added}, called {called}");
        ledger.violate(&"further callbacks", what);
    }
    // That of the round, and that of the thread that watches it: all of tasks and callbacks are gone.
    const OWNERS: usize = 2;
    until(ledger, "what tasks hold is kept", || {
        Arc::strong_count(ledger) == OWNERS
    });
    endings
}

fn until(ledger: &Ledger, otherwise: &str, is_so: impl Fn() -> bool) {
    const LONG: Duration = Duration::from_secs(30);
    let started = Instant::now();
    while !is_so() {
        if started.elapsed() > LONG {
            ledger.violate(&"the end of the round", otherwise);
            return;
        }
        thread::sleep(Duration::from_millis(1));
    }
}

/// Whether a task of its own was accepted under this number, or whether an input of a map has it.
fn is_single(marks: u8) -> bool {
    marks & (mark::ACCEPTED | mark::OF_MAP) == mark::ACCEPTED
}

fn all_ended(ledger: &Ledger) -> bool {
    let mut numbers = 0..ledger.len();
    numbers.all(|number| !is_single(ledger.marks(number)) || ledger.end(number).is_some())
}

fn check_entries(ledger: &Ledger) {
    for number in 0..ledger.len() {
        let (marks, end) = (ledger.marks(number), ledger.end(number));
        let has = |mark| marks & mark != 0;
        if has(mark::ACCEPTED) && has(mark::REFUSED) {
            ledger.violate(&number, "was accepted and refused");
        }
        if !has(mark::ACCEPTED | mark::OF_MAP) && end.is_some() {
            ledger.violate(&number, "ended, and was not accepted");
        }
        if has(mark::CANCELLED) && end != Some(Ending::Cancelled) {
            let what = format_args!("was said to be cancelled, and ended as {end:?}");
            ledger.violate(&number, what);
        }
    }
}

/// Counts the tasks of a pool that are not of a map.
fn account(ledger: &Ledger, pool: Pool) -> Account {
    let mut account = Account::default();
    for number in 0..ledger.len() {
        let marks = ledger.marks(number);
        let is_process = marks & mark::PROCESS != 0;
        if is_single(marks)
            && is_process == (pool == Pool::Processes)
            && let Some(end) = ledger.end(number)
        {
            account.endings.add(end, 1);
        }
    }
    account
}

/// Adds the tasks of a map. Its closures have noted how they ended; of sandboxed tasks, all return a
/// value unless they are cancelled.
fn add_map(ledger: &Ledger, tally: &Tally, account: &mut Account) {
    let (finished, failed) = tally.read();
    let ended_as = |ending| {
        let numbers = tally.numbers.clone();
        let ended = numbers.filter(|number| ledger.end(*number) == Some(ending));
        ended.count() as u64
    };
    let panicked = ended_as(Ending::Panicked);
    let values = finished - failed;
    if tally.pool == Pool::Threads
        && (ended_as(Ending::Value), failed >= panicked) != (values, true)
    {
        ledger.violate(tally, format_args!("{panicked} of them panicked"));
    }
    let cancelled = failed.saturating_sub(panicked);
    account.endings.add(Ending::Value, values);
    account.endings.add(Ending::Panicked, panicked);
    account.endings.add(Ending::Cancelled, cancelled);
    if tally.pool == Pool::Processes {
        account.unclear += cancelled.min(MAX_WORKERS);
    }
}

/// A task of a chunk may return just when its chunk is cancelled: the statistics count its value, the
/// map has it as cancelled with the rest. On each worker, one at most.
const MAX_WORKERS: u64 = 2;

fn compare(ledger: &Ledger, pool: Pool, account: &Account, stats: &PoolStats) {
    let counted = Endings::of_stats(stats);
    let values = counted.get(Ending::Value);
    let noted = account.endings.get(Ending::Value);
    let moved = values.wrapping_sub(noted);
    let mut expected = account.endings;
    if moved <= account.unclear {
        expected.add(Ending::Value, moved);
        expected = expected.without(Ending::Cancelled, moved);
    }
    let is_quiet = (stats.queued, stats.running) == (0, 0);
    let is_all = stats.submitted() == ledger.accepted_by(pool);
    if counted != expected || !is_quiet || !is_all || stats.finished() != stats.submitted() {
        let noted = &account.endings;
        ledger.violate(&pool, format_args!("noted {noted}, the pool has {stats:?}"));
    }
}

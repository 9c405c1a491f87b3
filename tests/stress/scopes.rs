//! Scopes, half of which end with an error.

use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use fault_tasks as tasks;
use sandpool::{ProcessPool, ThreadPool};

use super::fate::{Deed, Fate, Pool};
use super::held::track;
use super::ledger::{Ledger, mark};
use crate::random::Random;

/// One task in so many panics.
const PANICS: usize = 16;
/// One in so many is joined within the scope.
const JOINED: usize = 4;

/// The error of a scope.
#[derive(Debug, PartialEq)]
struct Left;

pub(super) fn over_threads(
    pool: &ThreadPool,
    ledger: &Arc<Ledger>,
    numbers: Range<usize>,
    random: &mut Random,
) {
    let fails = random.is_one_in(2);
    // What the closures borrow.
    let sum = AtomicU64::new(0);
    let result = pool.scope(|scope| {
        for number in numbers.clone() {
            let mut fate = Fate::plain(number, Pool::Threads);
            if number.is_multiple_of(PANICS) {
                fate.deed = Deed::Panic;
            }
            let (own, sum) = (Arc::clone(ledger), &sum);
            let closure = move || {
                sum.fetch_add(number as u64, Relaxed);
                own.work(fate)
            };
            match scope.submit(closure) {
                Ok(handle) => {
                    track(&handle, fate, ledger);
                    if number.is_multiple_of(JOINED) {
                        ledger.joined(fate, &handle.join());
                    }
                }
                Err(error) => ledger.refuse(fate, error.kind()),
            }
        }
        leave(fails, numbers.clone(), ledger)
    });
    check_result(result, fails, ledger);
    let mut sum_of_those_that_ran = 0;
    for number in numbers {
        let marks = ledger.marks(number);
        if marks & mark::ACCEPTED != 0 && ledger.end(number).is_none() {
            ledger.violate(&number, "has not ended when its scope has");
        }
        if marks & mark::RAN != 0 {
            sum_of_those_that_ran += number as u64;
        }
    }
    if sum.into_inner() != sum_of_those_that_ran {
        ledger.violate(&"a scope", "closures ran that are not noted");
    }
}

pub(super) fn over_processes(
    pool: &ProcessPool,
    ledger: &Arc<Ledger>,
    numbers: Range<usize>,
    random: &mut Random,
) {
    let fails = random.is_one_in(2);
    let mut handles = Vec::new();
    let result = pool.scope(|scope| {
        for number in numbers.clone() {
            let mut fate = Fate::plain(number, Pool::Processes);
            // The last one: nothing waits for room in the queue after it.
            let result = if fails && number + 1 == numbers.end {
                fate.deed = Deed::Endless;
                ledger.mark(number, mark::CANCELLING);
                scope.submit(tasks::spin_as_number, 0)
            } else {
                scope.submit(tasks::index_out_of_bounds, (number as u64 % 3) as u32)
            };
            match result {
                Ok(handle) => {
                    track(&handle, fate, ledger);
                    match fate.deed == Deed::Return && number.is_multiple_of(JOINED) {
                        true => ledger.joined(fate, &handle.join()),
                        false => handles.push((fate, handle)),
                    }
                }
                Err(error) => ledger.refuse(fate, error.kind()),
            }
        }
        leave(fails, numbers.clone(), ledger)
    });
    check_result(result, fails, ledger);
    for (fate, handle) in handles {
        if !handle.is_finished() {
            ledger.violate(&fate, "has not ended when its scope has");
        }
        ledger.joined(fate, &handle.join());
    }
}

/// Ends the body of a scope.
fn leave(fails: bool, numbers: Range<usize>, ledger: &Ledger) -> Result<(), Left> {
    if !fails {
        return Ok(());
    }
    for number in numbers {
        ledger.mark(number, mark::CANCELLING);
    }
    Err(Left)
}

fn check_result(result: Result<(), Left>, fails: bool, ledger: &Ledger) {
    if result.is_err() != fails {
        ledger.violate(&"a scope", format_args!("returned {result:?}"));
    }
}

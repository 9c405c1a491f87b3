//! Sandboxed tasks of every fate.

use std::sync::Arc;
use std::time::Duration;

use fault_tasks as tasks;
use sandpool::{Limits, ProcessPool, SubmitErrorKind, Submitter, Task, TaskHandle};

use super::fate::{Deed, Fate, Pool};
use super::held::{Handle, track};
use super::hooks;
use super::ledger::Ledger;
use super::pools::WeakPools;

/// An index that `index_out_of_bounds` panics with.
const TOO_LARGE: u32 = 3;

/// Submits the task; `None` if the pool refuses it.
pub(super) fn submit(
    pool: &ProcessPool,
    pools: &WeakPools,
    ledger: &Arc<Ledger>,
    fate: Fate,
) -> Option<Handle> {
    const TIMEOUT: Duration = Duration::from_millis(2);
    const MUCH_MEMORY: u64 = 1 << 30;
    let limits = Limits::new().memory_bytes(16 << 20);
    let number = fate.number as u32;
    let call = Call {
        submitter: pool.with(match fate.deed {
            Deed::TimeOut => limits.timeout(TIMEOUT),
            Deed::Late => limits.deadline(TIMEOUT),
            Deed::MaybeLate => limits.deadline(Duration::from_micros(fate.number as u64 % 2000)),
            Deed::ReturnTooMuch => limits.result_bytes(1),
            _ => limits,
        }),
        ledger,
        fate,
    };
    let narrow = match fate.deed {
        Deed::ReturnOfText => call.submit(tasks::fail, number.to_string()),
        // More than fits into one byte, the way numbers are encoded.
        Deed::ReturnTooMuch => call.submit(tasks::fail, u32::MAX.to_string()),
        Deed::Fail => call.submit(tasks::fail, "no number".to_owned()),
        Deed::Panic => call.submit(tasks::index_out_of_bounds, TOO_LARGE),
        Deed::Trap => call.submit(tasks::wild_read, ()),
        Deed::TimeOut | Deed::Late | Deed::Endless => call.submit(tasks::spin_as_number, number),
        Deed::OverflowStack => return call.submit(tasks::recurse, 0).map(Handle::Wide),
        Deed::HoardMemory => return call.submit(tasks::hoard, MUCH_MEMORY).map(Handle::Wide),
        Deed::Return | Deed::MaybeLate | Deed::Heed | Deed::Nap | Deed::Nest => {
            let index = (fate.number as u64 % u64::from(TOO_LARGE)) as u32;
            call.submit(tasks::index_out_of_bounds, index)
        }
    };
    let handle = narrow?;
    if fate.deed == Deed::Nest {
        let (pools, ledger) = (pools.clone(), Arc::clone(ledger));
        handle.on_finish(move |_| nest(&pools, &ledger));
    }
    Some(Handle::Narrow(handle))
}

/// A task before its arguments are known.
struct Call<'a> {
    submitter: Submitter<'a>,
    ledger: &'a Arc<Ledger>,
    fate: Fate,
}

impl Call<'_> {
    fn submit<T>(self, task: T, args: T::Args) -> Option<TaskHandle<T::Output>>
    where
        T: Task + Copy,
        T::Args: Clone + PartialEq,
        T::Output: Into<u64> + Copy,
    {
        let Self {
            submitter,
            ledger,
            fate,
        } = self;
        // What a full queue gives back is submitted again.
        let mut result = submitter.try_submit(task, args.clone());
        if let Err(error) = result {
            result = match error.kind() {
                SubmitErrorKind::QueueFull => {
                    ledger.queue_was_full();
                    submitter.submit(task, error.into_inner())
                }
                _ => Err(error),
            };
        }
        match result {
            Ok(handle) => {
                track(&handle, fate, ledger);
                Some(handle)
            }
            Err(error) => {
                ledger.refuse(fate, error.kind());
                if error.into_inner() != args {
                    ledger.violate(&fate, "came back with other arguments");
                }
                None
            }
        }
    }
}

/// Submits a task from a callback. Only on a worker: another thread might be the one that drops the
/// pool then, and would have to wait for what only itself can cancel. Does not wait for room in the
/// queue, for the same reason.
fn nest(pools: &WeakPools, ledger: &Arc<Ledger>) {
    if !hooks::is_worker() {
        return;
    }
    let (Some(pool), Some(number)) = (pools.processes(), ledger.number()) else {
        return;
    };
    let fate = Fate::plain(number, Pool::Processes);
    match pool.try_submit(tasks::index_out_of_bounds, (number as u64 % 3) as u32) {
        Ok(handle) => track(&handle, fate, ledger),
        Err(error) => ledger.refuse(fate, error.kind()),
    }
}

//! Closures of every fate.

use std::sync::Arc;
use std::thread;
use std::time::Duration;

use sandpool::{CancelToken, SubmitError, SubmitErrorKind, TaskHandle, ThreadPool};

use super::fate::{Deed, Fate, Pool};
use super::held::{Handle, track};
use super::ledger::Ledger;
use super::pools::WeakPools;
use super::processes;

/// Submits the task; `None` if the pool refuses it.
pub(super) fn submit(
    pool: &ThreadPool,
    pools: &WeakPools,
    ledger: &Arc<Ledger>,
    fate: Fate,
) -> Option<TaskHandle<u64>> {
    const NAP: Duration = Duration::from_micros(50);
    /// How often a closure looks at its token before it returns by itself.
    const LOOKS: usize = 20;
    let own = Arc::clone(ledger);
    match fate.deed {
        Deed::Heed => {
            let work = move |token: &CancelToken| {
                own.ran(fate);
                let looks = (0..LOOKS).take_while(|_| !token.is_cancelled());
                looks.for_each(|_| thread::yield_now());
                fate.value()
            };
            let call = |work: _| call_with_token(work, &CancelToken::default());
            accepted(pool.submit_cancellable(work), ledger, fate, call)
        }
        Deed::Nap => submit_closure(pool, ledger, fate, move || {
            own.ran(fate);
            thread::sleep(NAP);
            fate.value()
        }),
        Deed::Nest => {
            let pools = pools.clone();
            submit_closure(pool, ledger, fate, move || {
                own.ran(fate);
                nest(&pools, &own, fate);
                fate.value()
            })
        }
        _ => submit_closure(pool, ledger, fate, move || own.work(fate)),
    }
}

fn call_with_token<F: FnOnce(&CancelToken) -> u64>(work: F, token: &CancelToken) -> u64 {
    work(token)
}

fn submit_closure<F>(
    pool: &ThreadPool,
    ledger: &Arc<Ledger>,
    fate: Fate,
    work: F,
) -> Option<TaskHandle<u64>>
where
    F: FnOnce() -> u64 + Send + 'static,
{
    const PATIENCE: Duration = Duration::from_micros(50);
    // What a full queue gives back is submitted again.
    let mut result = pool.try_submit(work);
    if let Err(error) = result {
        result = match error.kind() {
            SubmitErrorKind::QueueFull => {
                ledger.queue_was_full();
                pool.submit_timeout(error.into_inner(), PATIENCE)
            }
            _ => Err(error),
        };
    }
    if let Err(error) = result {
        result = match error.kind() {
            SubmitErrorKind::QueueFull => pool.submit(error.into_inner()),
            _ => Err(error),
        };
    }
    accepted(result, ledger, fate, |work| work())
}

/// Notes what became of the submission. A closure that comes back is called here, to see that it is
/// whole and was not called.
fn accepted<F>(
    result: Result<TaskHandle<u64>, SubmitError<F>>,
    ledger: &Arc<Ledger>,
    fate: Fate,
    call: impl FnOnce(F) -> u64,
) -> Option<TaskHandle<u64>> {
    match result {
        Ok(handle) => {
            track(&handle, fate, ledger);
            Some(handle)
        }
        Err(error) => {
            ledger.refuse(fate, error.kind());
            if fate.deed == Deed::Return && call(error.into_inner()) != fate.value() {
                ledger.violate(&fate, "came back as something else");
            }
            None
        }
    }
}

/// Submits a task from a worker and waits for it.
fn nest(pools: &WeakPools, ledger: &Arc<Ledger>, parent: Fate) {
    let Some(number) = ledger.number() else {
        return;
    };
    let processes = pools
        .processes()
        .filter(|_| parent.number.is_multiple_of(2));
    if let Some(processes) = processes {
        let fate = Fate::plain(number, Pool::Processes);
        if let Some(Handle::Narrow(handle)) = processes::submit(&processes, pools, ledger, fate) {
            ledger.joined(fate, &handle.join());
        }
    } else if let Some(threads) = pools.threads() {
        let fate = Fate::plain(number, Pool::Threads);
        if let Some(handle) = submit(&threads, pools, ledger, fate) {
            ledger.joined(fate, &handle.join());
        }
    }
}

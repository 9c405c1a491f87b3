//! A task's handle, and what is done with it.

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};
use std::time::Duration;

use sandpool::{CancelHandle, TaskError, TaskHandle};

use super::ending::Ending;
use super::fate::{Fate, Use, panic_as_planned};
use super::ledger::{Ledger, mark};

/// A handle of a task of either type.
pub(super) enum Handle {
    Wide(TaskHandle<u64>),
    Narrow(TaskHandle<u32>),
}

/// A handle that is to be joined later.
pub(super) struct Held {
    pub(super) fate: Fate,
    pub(super) handle: Handle,
}

impl Handle {
    pub(super) fn cancel(&self) -> bool {
        match self {
            Self::Wide(handle) => handle.cancel(),
            Self::Narrow(handle) => handle.cancel(),
        }
    }

    pub(super) fn cancel_handle(&self) -> CancelHandle {
        match self {
            Self::Wide(handle) => handle.cancel_handle(),
            Self::Narrow(handle) => handle.cancel_handle(),
        }
    }
}

impl Held {
    pub(super) fn settle(self, ledger: &Ledger) {
        match self.handle {
            Handle::Wide(handle) => settle(handle, self.fate, ledger),
            Handle::Narrow(handle) => settle(handle, self.fate, ledger),
        }
    }
}

/// Notes that the task was accepted, and has its end noted.
pub(super) fn track<T>(handle: &TaskHandle<T>, fate: Fate, ledger: &Arc<Ledger>)
where
    T: Into<u64> + Copy,
{
    /// One task in so many has two callbacks.
    const MORE: usize = 16;
    /// One in so many has one that panics. A multiple of the other.
    const PANICS: usize = 1024;
    ledger.accept(fate);
    let own = Arc::clone(ledger);
    let ended = move |outcome: &Result<T, TaskError>| own.ended(fate, outcome);
    handle.on_finish(ended);
    if fate.number.is_multiple_of(MORE) {
        ledger.more_callbacks[0].fetch_add(1, Relaxed);
        let own = Arc::clone(ledger);
        handle.on_finish(move |outcome| {
            own.more_callbacks[1].fetch_add(1, Relaxed);
            let (seen, first) = (Ending::of(outcome), own.end(fate.number));
            if first != Some(seen) {
                own.violate(&fate, format_args!("callbacks saw {first:?}, {seen:?}"));
            }
            if fate.number.is_multiple_of(PANICS) {
                panic_as_planned();
            }
        });
    }
}

fn settle<T: Into<u64> + Copy>(handle: TaskHandle<T>, fate: Fate, ledger: &Ledger) {
    const BRIEFLY: Duration = Duration::from_micros(20);
    let outcome = match fate.usage {
        Use::Await => wait_for(handle),
        Use::PollOnce => {
            let mut context = Context::from_waker(Waker::noop());
            match pin!(handle).poll(&mut context) {
                Poll::Ready(outcome) => outcome,
                Poll::Pending => return,
            }
        }
        Use::JoinBriefly => match handle.join_timeout(BRIEFLY) {
            Ok(outcome) => outcome,
            Err(_) => return,
        },
        Use::Join | Use::CancelHere | Use::CancelElsewhere => handle.join(),
        Use::Detach | Use::CancelDetached => unreachable!("such handles are not held"),
    };
    ledger.joined(fate, &outcome);
}

/// Cancels the task and notes what came of it.
pub(super) fn cancel(number: usize, ledger: &Ledger, cancel: impl FnOnce() -> bool) {
    ledger.mark(number, mark::CANCELLING);
    if cancel() {
        ledger.mark(number, mark::CANCELLED);
    }
}

/// Waits for a future on this thread.
fn wait_for<F: Future>(future: F) -> F::Output {
    struct Unpark(Thread);
    impl Wake for Unpark {
        fn wake(self: Arc<Self>) {
            self.0.unpark();
        }
    }
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    let mut context = Context::from_waker(&waker);
    let mut future = pin!(future);
    loop {
        match future.as_mut().poll(&mut context) {
            Poll::Ready(output) => return output,
            Poll::Pending => thread::park(),
        }
    }
}

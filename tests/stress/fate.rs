//! What a task does and what is done with its handle: decided by the seed and the task's number.

use std::any::Any;
use std::sync::Once;

use super::ending::Ending;
use crate::random::Random;

/// Which pool a task is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Pool {
    Threads,
    Processes,
}

/// What a task does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Deed {
    /// Returns a number at once.
    Return,
    /// The same, with an argument that is text, in a sandbox.
    ReturnOfText,
    Panic,
    /// A closure that looks at its token for a while.
    Heed,
    /// A closure that takes some microseconds.
    Nap,
    /// A closure that submits a task and waits for it, or a task whose callback submits another.
    Nest,
    Fail,
    Trap,
    OverflowStack,
    HoardMemory,
    ReturnTooMuch,
    /// Never ends, with a timeout.
    TimeOut,
    /// Returns, if its deadline does not come first.
    MaybeLate,
    /// Never ends, with a deadline.
    Late,
    /// Never ends, and is cancelled.
    Endless,
}

/// What is done with a task's handle.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Use {
    Join,
    /// Dropped at once.
    Detach,
    /// Awaited as a future.
    Await,
    /// Polled once and dropped.
    PollOnce,
    /// Joined for some microseconds, then dropped.
    JoinBriefly,
    /// Cancelled at once and joined.
    CancelHere,
    /// Cancelled by another thread some time later, and joined.
    CancelElsewhere,
    /// The same, but the handle is dropped.
    CancelDetached,
}

/// A task as it was planned.
#[derive(Clone, Copy, Debug)]
pub(super) struct Fate {
    pub(super) number: usize,
    pub(super) pool: Pool,
    pub(super) deed: Deed,
    pub(super) usage: Use,
}

impl Fate {
    /// Returns the fate of a task by itself. Those that take time come once in `rare` tasks each.
    pub(super) fn new(number: usize, pool: Pool, rare: u64, random: &mut Random) -> Self {
        let deed = match pool {
            Pool::Threads => Deed::of_closure(rare, random),
            Pool::Processes => Deed::of_process(rare, random),
        };
        let usage = match (deed, random.below(100)) {
            (Deed::Endless, 0..50) => Use::CancelElsewhere,
            (Deed::Endless, _) => Use::CancelDetached,
            (_, 0..40) => Use::Join,
            (_, 40..70) => Use::Detach,
            (_, 70..78) => Use::Await,
            (_, 78..81) => Use::PollOnce,
            (_, 81..85) => Use::JoinBriefly,
            (_, 85..90) => Use::CancelHere,
            (_, 90..96) => Use::CancelElsewhere,
            _ => Use::CancelDetached,
        };
        Self {
            number,
            pool,
            deed,
            usage,
        }
    }

    /// Of a task that returns, whatever is done with it.
    pub(super) fn plain(number: usize, pool: Pool) -> Self {
        Self {
            number,
            pool,
            deed: Deed::Return,
            usage: Use::Join,
        }
    }

    /// Whether the task may end like this, if nobody cancels it.
    pub(super) fn permits(self, ending: Ending) -> bool {
        match self.deed {
            Deed::Return | Deed::ReturnOfText | Deed::Heed | Deed::Nap | Deed::Nest => {
                ending == Ending::Value
            }
            Deed::Panic => ending == Ending::Panicked,
            Deed::Fail => ending == Ending::Failed,
            Deed::Trap | Deed::OverflowStack => ending == Ending::Trapped,
            Deed::HoardMemory => ending == Ending::OutOfMemory,
            Deed::ReturnTooMuch => ending == Ending::Other,
            Deed::TimeOut | Deed::Late => ending == Ending::TimedOut,
            Deed::MaybeLate => matches!(ending, Ending::Value | Ending::TimedOut),
            Deed::Endless => false,
        }
    }

    /// What the task returns, if it does.
    pub(super) fn value(self) -> u64 {
        let number = self.number as u64;
        match (self.pool, self.deed) {
            (Pool::Threads, _) => number,
            (Pool::Processes, Deed::ReturnOfText) => u64::from(number as u32),
            (Pool::Processes, _) => number % 3 + 1,
        }
    }
}

impl Deed {
    fn of_closure(rare: u64, random: &mut Random) -> Self {
        if random.is_one_in(rare) {
            return Self::Nap;
        }
        match random.below(100) {
            0..2 => Self::Panic,
            2 => Self::Heed,
            3 => Self::Nest,
            _ => Self::Return,
        }
    }

    fn of_process(rare: u64, random: &mut Random) -> Self {
        match random.below(rare) {
            0 => return Self::OverflowStack,
            1 => return Self::TimeOut,
            2 => return Self::Late,
            3 => return Self::Endless,
            4 | 5 => return Self::HoardMemory,
            6..10 => return Self::MaybeLate,
            _ => {}
        }
        match random.below(200) {
            0..2 => Self::Fail,
            2 => Self::Panic,
            3 => Self::Trap,
            4 => Self::ReturnTooMuch,
            5 | 6 => Self::Nest,
            7..20 => Self::ReturnOfText,
            _ => Self::Return,
        }
    }
}

/// What tasks and callbacks panic with.
struct Planned;

/// Panics as planned.
pub(super) fn panic_as_planned() -> ! {
    std::panic::panic_any(Planned)
}

/// Has the panic hook say nothing of panics that were planned; of others it speaks as before.
pub(super) fn silence_planned_panics() {
    static SILENCED: Once = Once::new();
    SILENCED.call_once(|| {
        let next = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            let payload: &dyn Any = info.payload();
            if !payload.is::<Planned>() {
                next(info);
            }
        }));
    });
}

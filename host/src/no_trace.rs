//! Stands for `trace` where the feature `tracing` is off: nothing is recorded.

use sandpool_abi::imports::Level;

use crate::completion::{Outcome, TaskName};

#[derive(Clone)]
pub(crate) struct Trace;

impl Trace {
    pub(crate) fn new(_: &TaskName, _: u64) -> Self {
        Self
    }

    #[expect(clippy::unused_self, reason = "the shape of `trace`")]
    pub(crate) fn is_on(&self) -> bool {
        false
    }

    #[expect(clippy::unused_self, reason = "the shape of `trace`")]
    pub(crate) fn run<R>(&self, run: impl FnOnce() -> R) -> R {
        run()
    }

    pub(crate) fn end<T>(self, _: &Outcome<T>) {}
}

pub(crate) fn pool_broke(_: &str, _: &str) {}

pub(crate) fn guest_line(_: Level, _: &str, _: &str) {}

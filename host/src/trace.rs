//! Spans of tasks. Where the feature `tracing` is off, `no_trace` stands for this.

use std::sync::atomic::{AtomicU64, Ordering};

use sandpool_abi::imports::Level;
use tracing::field::Empty;
use tracing::level_filters::LevelFilter;
use tracing::span::Entered;

use crate::completion::Outcome;
use crate::error::{TaskError, TaskErrorKind};
use crate::text::Escaped;

/// The span of a task, from its submission to its end.
#[derive(Clone)]
pub(crate) struct Trace {
    span: tracing::Span,
}

impl Trace {
    /// Of a task that is submitted now, or of a chunk of so many, if somebody listens.
    #[inline]
    pub(crate) fn new(name: &str, tasks: u64) -> Option<Self> {
        static IDS: AtomicU64 = AtomicU64::new(1);
        if LevelFilter::current() < LevelFilter::INFO {
            return None;
        }
        let span = tracing::info_span!(
            target: "sandpool",
            "task",
            name = %name,
            id = IDS.fetch_add(1, Ordering::Relaxed),
            tasks,
            worker = Empty,
            outcome = Empty,
        );
        (!span.is_disabled()).then_some(Self { span })
    }

    /// Runs the task in its span if it has one, on the worker that this thread is.
    #[inline]
    pub(crate) fn run<R>(trace: Option<&Self>, run: impl FnOnce() -> R) -> R {
        // Only entered, so that what is run is written down once.
        let _entered = trace.map(Self::enter);
        run()
    }

    #[cold]
    fn enter(&self) -> Entered<'_> {
        let thread = std::thread::current();
        let span = &self.span;
        span.record("worker", thread.name().unwrap_or_default());
        span.enter()
    }

    /// The task has ended.
    pub(crate) fn end<T>(self, outcome: &Outcome<T>) {
        self.span.record("outcome", word(outcome));
    }
}

/// The pool cannot go on.
pub(crate) fn pool_broke(pool: &str, reason: &str) {
    tracing::error!(target: "sandpool", pool, reason, "the pool is broken");
}

/// A guest logs a line.
pub(crate) fn guest_line(level: Level, task: &str, line: &str) {
    macro_rules! event {
        ($level:ident) => {
            tracing::event!(
                target: "sandpool::guest",
                tracing::Level::$level,
                task = %Escaped(task),
                "{}",
                Escaped(line)
            )
        };
    }
    match level {
        Level::Error => event!(ERROR),
        Level::Warn => event!(WARN),
        Level::Info => event!(INFO),
        Level::Debug => event!(DEBUG),
        Level::Trace => event!(TRACE),
    }
}

/// No text of the task's: it may be from a sandbox, and nobody has escaped it.
fn word<T>(outcome: &Outcome<T>) -> &'static str {
    match outcome.as_ref().map_err(TaskError::kind) {
        Ok(_) => "value",
        Err(TaskErrorKind::Failed(_)) => "failed",
        Err(TaskErrorKind::Panicked(_)) => "panicked",
        Err(TaskErrorKind::Trapped(_)) => "trapped",
        Err(TaskErrorKind::StackOverflow { .. }) => "stack overflow",
        Err(TaskErrorKind::DeadlineExceeded { .. }) => "deadline exceeded",
        Err(TaskErrorKind::MemoryLimitExceeded { .. }) => "memory limit exceeded",
        Err(TaskErrorKind::TableLimitExceeded { .. }) => "table limit exceeded",
        Err(TaskErrorKind::FuelExhausted { .. }) => "fuel exhausted",
        Err(TaskErrorKind::ArgumentsTooLarge { .. }) => "arguments too large",
        Err(TaskErrorKind::ResultTooLarge { .. }) => "result too large",
        Err(TaskErrorKind::BadHostCall { .. }) => "bad host call",
        Err(TaskErrorKind::Cancelled) => "cancelled",
        Err(TaskErrorKind::BadArguments(_)) => "bad arguments",
        Err(TaskErrorKind::BadResult(_)) => "bad result",
        Err(TaskErrorKind::NoSandbox(_)) => "no sandbox",
        Err(TaskErrorKind::Broken(_)) => "broken",
    }
}

//! A module, and what has to come of it.

use std::error::Error;
use std::fmt::Debug;
use std::iter::successors;

use sandpool::{Limits, ProcessPool, Task, TaskError, TaskModule};

use crate::RUNS;
use crate::honest::Honest;

/// How a task is submitted.
pub(crate) type Submit = fn(&ProcessPool) -> Joining;

/// Waits for a task.
pub(crate) type Joining = Box<dyn FnOnce() -> Result<String, TaskError>>;

/// Submits a task whose result is shown.
pub(crate) fn submit<T: Task<Output: Debug>>(
    pool: &ProcessPool,
    task: T,
    args: T::Args,
) -> Joining {
    let handle = pool.submit(task, args).expect("the pool accepts it");
    Box::new(move || handle.join().map(|value| format!("{value:?}")))
}

pub(crate) struct Case {
    pub(crate) name: String,
    pub(crate) wasm: Vec<u8>,
    pub(crate) limits: Limits,
    pub(crate) end: End,
    /// A part of the error's text.
    pub(crate) says: Option<String>,
    /// How its task is called.
    pub(crate) submit: Submit,
    /// Whether loading it takes so long that once is enough.
    pub(crate) is_slow: bool,
}

/// The beginning of the error as `Debug` writes it, or `Value`.
#[derive(Debug)]
pub(crate) enum End {
    Refused(String),
    Ends(String),
}

impl Case {
    pub(crate) fn runs(&self) -> usize {
        if self.is_slow { 1 } else { RUNS }
    }

    /// Runs the module so often. The error says what was not as it had to be.
    pub(crate) fn run(&self, runs: usize, honest: &Honest) -> Result<(), String> {
        let named = |error| format!("{}: {error}", self.name);
        match &self.end {
            End::Refused(kind) => (0..runs).try_for_each(|_| {
                honest.check();
                self.refuse(kind)
            }),
            End::Ends(kind) => self.serve(kind, runs, honest),
        }
        .map_err(named)
    }

    fn refuse(&self, kind: &str) -> Result<(), String> {
        match TaskModule::new(&self.wasm) {
            Ok(_) => Err("was loaded".to_owned()),
            Err(error) => self.compare(kind, &error, &error),
        }
    }

    fn serve(&self, kind: &str, runs: usize, honest: &Honest) -> Result<(), String> {
        let module = TaskModule::new(&self.wasm).map_err(|error| format!("refused: {error}"))?;
        let builder = ProcessPool::builder(module).workers(1);
        let pool = builder.limits(self.limits.clone()).build();
        let pool = pool.map_err(|error| error.to_string())?;
        let submitted: Vec<_> = (0..runs).map(|_| (self.submit)(&pool)).collect();
        for join in submitted {
            honest.check();
            match join() {
                Ok(value) if kind != "Value" => return Err(format!("returned {value}")),
                Ok(_) => {}
                Err(error) => self.compare(kind, error.kind(), &error)?,
            }
        }
        pool.shutdown(sandpool::Shutdown::Finish);
        let stats = pool.stats();
        let ended = stats.finished() == runs as u64;
        match ended && stats.instances_made == stats.instances_retired {
            true => Ok(()),
            false => Err(format!("left something behind: {stats:?}")),
        }
    }

    fn compare(&self, kind: &str, found: &dyn Debug, error: &dyn Error) -> Result<(), String> {
        let is_kind = format!("{found:?}").starts_with(kind);
        let texts = successors(Some(error), |error| error.source());
        let text = texts
            .map(ToString::to_string)
            .collect::<Vec<_>>()
            .join(": ");
        let is_shown = !text
            .chars()
            .any(|c| c.is_control() && c != '\n' && c != '\t');
        let says = self.says.as_deref().is_none_or(|part| text.contains(part));
        match is_kind && is_shown && says {
            true => Ok(()),
            false => Err(format!(
                "should be {kind}, saying {:?}: {found:?}, {text:?}",
                self.says
            )),
        }
    }
}

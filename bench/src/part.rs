//! Parts of a run that are processes of their own: this very program, called with other arguments.

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Result, bail};

use crate::{isolation, kernels, note, script};

/// How this program is called so that it calls [`part()`] with the arguments that follow.
#[derive(Clone, Debug)]
pub struct Part {
    /// The program.
    pub program: PathBuf,
    /// The arguments that come first.
    pub arguments: Vec<OsString>,
}

impl Part {
    /// Runs a part, and returns what it printed and what it took from start to end.
    pub(crate) fn run(&self, arguments: &[&str]) -> Result<(String, Duration)> {
        const LIMIT: Duration = Duration::from_secs(1800);
        let mut command = Command::new(&self.program);
        command.args(&self.arguments).args(arguments);
        let started = Instant::now();
        let output = script::run(&mut command, LIMIT)?;
        Ok((output, started.elapsed()))
    }
}

/// Does a part of a run, and prints what it found to stdout. `this` is how it has parts of its own done.
///
/// # Errors
///
/// There is no such part, or it fails.
pub fn part(this: &Part, arguments: &[String]) -> Result<()> {
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments[..] {
        ["kernels", rounds, workers, names] => {
            kernels::print_rounds(rounds.parse()?, workers, names)
        }
        ["idle-worker", contender] => isolation::print_idle_worker(contender),
        ["os-processes", extent, workers] => {
            isolation::print_os_processes(extent == "quick", workers.parse()?, this)
        }
        [name] if let Some(done) = note::part(name) => done,
        _ => bail!("there is no part {arguments:?} of a run"),
    }
}

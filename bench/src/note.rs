//! The two programs of the note that this project began with, in Python and with this library: whole
//! processes, from the start of each to its end.

mod heavy;
mod waits;

use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow};

use crate::Part;
use crate::progress::{Progress, Step};
use crate::record::{Note, Program, Side};
use crate::script::{self, Script};

/// What is to be measured.
#[derive(Clone, Debug)]
pub struct Plan {
    /// How often the program that computes is run.
    pub rounds: usize,
    /// This program: see [`crate::part()`].
    pub part: Part,
    /// The Python interpreter.
    pub python: PathBuf,
}

struct Pair {
    name: &'static str,
    part: &'static str,
    python: &'static str,
    /// Whether the order of the lines is one of completion.
    unordered: bool,
    /// Whether it takes the same time always, so that once is enough.
    once: bool,
}

const PAIRS: [Pair; 2] = [
    Pair {
        name: "five waits of 2 s on 3 threads",
        part: "waits",
        python: include_str!("note/waits.py"),
        unordered: true,
        once: true,
    },
    Pair {
        name: "heavy_compute over [1, 2, 3, 4] in processes",
        part: "heavy",
        python: include_str!("note/heavy.py"),
        unordered: false,
        once: false,
    },
];

/// Runs both programs in both languages, by turns.
///
/// # Errors
///
/// One of ours fails. That there is no Python is no error: the record says so.
pub fn run(plan: &Plan, progress: Progress<'_>) -> Result<Note> {
    let mut programs = Vec::new();
    for (number, pair) in PAIRS.iter().enumerate() {
        progress(Step {
            section: "the founding note",
            done: number,
            of: PAIRS.len(),
            what: pair.name,
        });
        programs.push(pair.run(plan)?);
    }
    Ok(Note { programs })
}

/// Runs one of our programs, by name; `None` if there is none of this name.
pub(crate) fn part(name: &str) -> Option<Result<()>> {
    match name {
        "waits" => Some(waits::main()),
        "heavy" => Some(heavy::main()),
        _ => None,
    }
}

impl Pair {
    fn run(&self, plan: &Plan) -> Result<Program> {
        let script = Script::new(&format!("{}.py", self.part), self.python)?;
        let mut ours = self.side(format!("sandpool {}", env!("CARGO_PKG_VERSION")));
        let mut python = python_version(plan).map(|version| self.side(version));
        let rounds = if self.once { 1 } else { plan.rounds };
        for _ in 0..rounds {
            let (lines, took) = plan.part.run(&[self.part])?;
            self.add(&mut ours, &lines, took)?;
            if let Ok(side) = &mut python {
                let ran = run_python(plan, &script)
                    .and_then(|(lines, took)| self.add(side, &lines, took));
                if let Err(error) = ran {
                    python = Err(error);
                }
            }
        }
        let (python, missing) = match python {
            Ok(side) => (Some(side), None),
            Err(error) => (None, Some(format!("{error:#}"))),
        };
        Ok(Program {
            name: self.name.to_owned(),
            ours,
            python,
            missing,
        })
    }

    fn side(&self, version: String) -> Side {
        Side {
            version,
            seconds: Vec::new(),
            lines: Vec::new(),
        }
    }

    /// Adds a run to its side. An error if it printed something else than before.
    fn add(&self, side: &mut Side, output: &str, took: Duration) -> Result<()> {
        let mut lines: Vec<String> = output.lines().map(str::to_owned).collect();
        if self.unordered {
            lines.sort();
        }
        if !side.seconds.is_empty() && side.lines != lines {
            return Err(anyhow!(
                "`{}` of {} printed {lines:?} after {:?}",
                self.name,
                side.version,
                side.lines
            ));
        }
        side.lines = lines;
        side.seconds.push(took.as_secs_f64());
        Ok(())
    }
}

fn python_version(plan: &Plan) -> Result<String> {
    const LIMIT: Duration = Duration::from_secs(30);
    let mut command = Command::new(&plan.python);
    command.args([
        "-c",
        "import platform as p; print(p.python_implementation(), p.python_version())",
    ]);
    let version = script::run(&mut command, LIMIT);
    let version = version.context("install Python 3, or name an interpreter with --python")?;
    Ok(version.trim().to_owned())
}

fn run_python(plan: &Plan, script: &Script) -> Result<(String, Duration)> {
    const LIMIT: Duration = Duration::from_secs(120);
    let started = Instant::now();
    let output = script::run(Command::new(&plan.python).arg(script.path()), LIMIT)?;
    Ok((output, started.elapsed()))
}

//! What `run --map` writes: results to stdout, failures to stderr, and between them a count for the
//! one who waits, if stderr is a terminal.

use std::fmt;
use std::io::{self, BufWriter, IsTerminal, StdoutLock, Write};
use std::time::Duration;

use anyhow::Context;
use indicatif::{ProgressBar, ProgressState, ProgressStyle};

use crate::{escape, failure};

pub(super) struct Output {
    results: BufWriter<StdoutLock<'static>>,
    /// Whether results and the count go to the same place.
    shared: bool,
    count: ProgressBar,
    pub(super) lines: u64,
    pub(super) failed: u64,
}

impl Output {
    pub(super) fn new() -> anyhow::Result<Self> {
        const TICK: Duration = Duration::from_millis(100);
        let count = if io::stderr().is_terminal() {
            let style = ProgressStyle::with_template("{spinner} {human_pos} lines, {rate}")?;
            let style = style.with_key(
                "rate",
                |state: &ProgressState, text: &mut dyn fmt::Write| {
                    let _ = write!(text, "{:.0} per second", state.per_sec());
                },
            );
            let count = ProgressBar::new_spinner().with_style(style);
            count.enable_steady_tick(TICK);
            count
        } else {
            ProgressBar::hidden()
        };
        Ok(Self {
            results: BufWriter::new(io::stdout().lock()),
            shared: io::stdout().is_terminal(),
            count,
            lines: 0,
            failed: 0,
        })
    }

    /// Writes the outcome of a line: one line of JSON, or what went wrong.
    pub(super) fn add(&mut self, line: u64, outcome: Result<String, String>) -> anyhow::Result<()> {
        self.lines += 1;
        match outcome {
            Ok(result) => self.write(|results| writeln!(results, "{result}"))?,
            Err(error) => {
                self.failed += 1;
                let error = escape::line(&error);
                self.say(&format!("line {line}: error: {error}"));
            }
        }
        self.count.inc(1);
        Ok(())
    }

    /// Hands on what was written so far.
    pub(super) fn flush(&mut self) -> anyhow::Result<()> {
        if self.results.buffer().is_empty() {
            return Ok(());
        }
        self.write(Write::flush)
    }

    /// Writes a line to stderr.
    pub(super) fn say(&self, line: &str) {
        self.count.suspend(|| failure::say(line));
    }

    fn write(
        &mut self,
        write: impl FnOnce(&mut BufWriter<StdoutLock<'static>>) -> io::Result<()>,
    ) -> anyhow::Result<()> {
        let Self { results, .. } = self;
        let written = if self.shared {
            self.count.suspend(|| write(results))
        } else {
            write(results)
        };
        written.context("the results cannot be written")
    }
}

impl Drop for Output {
    fn drop(&mut self) {
        self.count.finish_and_clear();
    }
}

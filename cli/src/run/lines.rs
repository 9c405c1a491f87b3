//! The lines of the input, read on a thread of their own so that waiting for input holds up nothing,
//! and not before there is room for them.

use std::fs::File;
use std::io::{self, BufRead, BufReader};
use std::path::Path;
use std::sync::mpsc::{self, Sender};
use std::thread;

use anyhow::Context;

use crate::json;

/// A line that is not blank.
pub(super) struct Line {
    /// Counted from 1, blank ones included.
    pub(super) number: u64,
    /// JSON, or what is wrong with it.
    pub(super) arguments: Result<String, String>,
}

/// What comes from the input.
pub(super) enum Input {
    Line(Line),
    /// There is nothing more, because of the error if there is one.
    End(io::Result<()>),
}

/// The room for lines. Each [`more`](Self::more) has one more read.
pub(super) struct Room {
    permits: Sender<()>,
}

impl Room {
    /// Opens the file (`-` is stdin), has `lines` lines read, and gives them to `send`, which says
    /// whether they are still wanted.
    pub(super) fn open(
        file: &Path,
        lines: usize,
        send: impl Fn(Input) -> bool + Send + 'static,
    ) -> anyhow::Result<Self> {
        let input: Box<dyn BufRead + Send> = if file == Path::new("-") {
            Box::new(BufReader::new(io::stdin()))
        } else {
            let file = File::open(file)
                .with_context(|| format!("{}: the file cannot be read", file.display()))?;
            Box::new(BufReader::new(file))
        };
        let (permits, permitted) = mpsc::channel();
        let room = Self { permits };
        for _ in 0..lines {
            room.more();
        }
        let mut lines = Lines { input, number: 0 };
        thread::Builder::new()
            .name("input".to_owned())
            .spawn(move || {
                while let Ok(()) = permitted.recv() {
                    let next = lines.next();
                    let ended = matches!(next, Input::End(_));
                    if !send(next) || ended {
                        return;
                    }
                }
            })
            .context("a thread cannot be started")?;
        Ok(room)
    }

    pub(super) fn more(&self) {
        // After the end of the input nobody listens.
        let _ = self.permits.send(());
    }
}

struct Lines<R> {
    input: R,
    number: u64,
}

impl<R: BufRead> Lines<R> {
    /// Reads up to the end of the next line that is not blank.
    fn next(&mut self) -> Input {
        loop {
            let mut line = Vec::new();
            match self.input.read_until(b'\n', &mut line) {
                Ok(0) => return Input::End(Ok(())),
                Ok(_) => self.number += 1,
                Err(error) => return Input::End(Err(error)),
            }
            if !line.trim_ascii().is_empty() {
                return Input::Line(Line {
                    number: self.number,
                    arguments: arguments(line),
                });
            }
        }
    }
}

fn arguments(line: Vec<u8>) -> Result<String, String> {
    let text = String::from_utf8(line).map_err(|error| format!("not JSON: {error}"))?;
    match json::check(&text) {
        Ok(()) => Ok(text),
        // The line has a number of its own.
        Err(error) => {
            let error = error
                .to_string()
                .replace(" at line 1 column ", " at column ");
            Err(format!("not JSON: {error}"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Input, Lines};

    fn lines(input: &[u8]) -> Vec<(u64, Result<String, String>)> {
        let mut lines = Lines { input, number: 0 };
        let next = || match lines.next() {
            Input::Line(line) => Some((line.number, line.arguments)),
            Input::End(_) => None,
        };
        std::iter::from_fn(next).collect()
    }

    #[test]
    fn blank_lines_are_counted_and_not_returned() {
        let found = lines(b"1\n\n \t\r\n[2]\r\n3");
        let expected = [(1, "1\n"), (4, "[2]\r\n"), (5, "3")];
        assert_eq!(found, expected.map(|(n, text)| (n, Ok(text.to_owned()))));
    }

    #[test]
    fn what_is_wrong_with_a_line_is_said_once_and_the_next_one_is_read() {
        let found = lines(b"{\"a\":\n\xff\n3\n");
        let [(1, Err(json)), (2, Err(utf8)), (3, Ok(_))] = &found[..] else {
            panic!("{found:?}");
        };
        assert_eq!(
            json,
            "not JSON: EOF while parsing a value at line 2 column 0"
        );
        assert!(utf8.starts_with("not JSON: invalid utf-8"), "{utf8}");
    }
}

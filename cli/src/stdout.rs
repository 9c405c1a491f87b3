//! Writing to stdout, which may be full, or closed by a reader that has had enough: `println!` panics.

use std::io::Write;

use anyhow::Context;

/// Writes the text, all of it, now.
pub(crate) fn print(text: &str) -> anyhow::Result<()> {
    let mut stdout = std::io::stdout().lock();
    let written = stdout.write_all(text.as_bytes());
    written
        .and_then(|()| stdout.flush())
        .context("the output cannot be written")
}

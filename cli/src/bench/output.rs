//! Where a record goes: to the terminal as tables, and to files as JSON, HTML, SVG and Markdown.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use sandpool_bench::record::Record;
use sandpool_bench::{html, table};

use crate::{OutputArgs, stdout};

/// The files of a run, opened.
pub(super) struct Outputs {
    json: Option<Json>,
    html: Option<Output>,
    svg: Option<Output>,
    markdown: Option<Output>,
}

enum Json {
    Stdout,
    File(Output),
}

struct Output {
    path: PathBuf,
    file: File,
}

impl Outputs {
    /// Opens the files. What is in them stays there until there is something to write.
    pub(super) fn open(args: &OutputArgs) -> Result<Self> {
        let open = |path: &Option<PathBuf>| path.as_deref().map(Output::open).transpose();
        let json = match &args.json {
            Some(path) if path.as_os_str() == "-" => Some(Json::Stdout),
            path => open(path)?.map(Json::File),
        };
        Ok(Self {
            json,
            html: open(&args.html)?,
            svg: open(&args.svg)?,
            markdown: open(&args.markdown)?,
        })
    }

    /// Writes the files and, unless stdout is one of them, the tables.
    pub(super) fn write(self, record: &Record) -> Result<()> {
        let json = || Ok::<_, serde_json::Error>(serde_json::to_string(record)? + "\n");
        let tables = !matches!(self.json, Some(Json::Stdout));
        match self.json {
            Some(Json::Stdout) => stdout::print(&json()?)?,
            Some(Json::File(output)) => output.write(&json()?)?,
            None => {}
        }
        if let Some(output) = self.html {
            output.write(&html::page(record))?;
        }
        if let Some(output) = self.markdown {
            output.write(&table::markdown(record))?;
        }
        if let Some(output) = self.svg {
            let chart = html::ratio_chart(record);
            output.write(&chart.context("the picture shows kernels, and none has run")?)?;
        }
        if tables {
            let width = console::Term::stdout().size_checked();
            let width = width.map(|(_, columns)| columns);
            stdout::print(&table::text(record, width))?;
        }
        Ok(())
    }
}

impl Output {
    fn open(path: &Path) -> Result<Self> {
        let mut options = OpenOptions::new();
        let file = options.write(true).create(true).truncate(false).open(path);
        Ok(Self {
            path: path.to_owned(),
            file: file.with_context(|| format!("{}: cannot be written", path.display()))?,
        })
    }

    fn write(mut self, text: &str) -> Result<()> {
        let written: io::Result<()> = self
            .file
            .set_len(0)
            .and_then(|()| self.file.write_all(text.as_bytes()));
        written.with_context(|| format!("{}: cannot be written", self.path.display()))
    }
}

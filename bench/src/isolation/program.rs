//! Peers that another program measures: Python's executors by a script that is part of this one, and
//! whatever else prints its figures in the same way.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, anyhow};

use crate::Part;
use crate::record::Peer;
use crate::script::{Script, run};

/// The executors that the script knows, as the report names them.
pub(super) const EXECUTORS: [&str; 5] = [
    "CPython processes, fork",
    "CPython processes, spawn",
    "CPython threads",
    "loky",
    "pebble",
];

/// Longer than any of them takes: one that hangs is a peer without figures, not a run without end.
const LONG: Duration = Duration::from_secs(300);

/// Measures an executor of Python. A peer without figures, where that cannot be done.
pub(super) fn python(python: &Path, executor: &str, quick: bool, workers: usize) -> Peer {
    let measured = Script::new("peers.py", include_str!("peers.py")).and_then(|script| {
        let mut command = Command::new(python);
        command
            .arg(script.path())
            .args([executor, &workers.to_string()]);
        if quick {
            command.arg("--quick");
        }
        let mut peers = lines(&mut command)?;
        peers
            .pop()
            .ok_or_else(|| anyhow!("the script printed nothing"))
    });
    measured.unwrap_or_else(|error| {
        let cannot_start = error.root_cause().is::<std::io::Error>();
        let hint = if cannot_start {
            "; install Python 3, or name an interpreter with --python"
        } else {
            ""
        };
        missing(executor, &format!("{error:#}{hint}"))
    })
}

fn missing(name: &str, why: &str) -> Peer {
    Peer {
        name: name.to_owned(),
        version: None,
        figures: Vec::new(),
        missing: Some(why.to_owned()),
    }
}

/// Measures processes of the operating system, in a process in which nothing else has happened.
pub(super) fn os_processes(part: &Part, quick: bool, workers: usize) -> Result<Peer> {
    let workers = workers.to_string();
    let quick = if quick { "quick" } else { "full" };
    let (output, _) = part.run(&["os-processes", quick, &workers])?;
    let mut peers = peers(&output)?;
    peers
        .pop()
        .context("the process that measures processes printed nothing")
}

/// Runs another program that measures peers. A peer without figures, where that cannot be done.
pub(super) fn other(program: &Path, quick: bool, workers: usize) -> Vec<Peer> {
    let mut command = Command::new(program);
    command.arg(workers.to_string());
    if quick {
        command.arg("--quick");
    }
    lines(&mut command).unwrap_or_else(|error| {
        vec![missing(
            &program.display().to_string(),
            &format!("{error:#}"),
        )]
    })
}

/// Runs the command, and reads a peer from each line that it prints.
fn lines(command: &mut Command) -> Result<Vec<Peer>> {
    peers(&run(command, LONG)?)
}

fn peers(output: &str) -> Result<Vec<Peer>> {
    let peers = output
        .lines()
        .map(|line| serde_json::from_str(line).with_context(|| format!("no peer: {line}")));
    peers.collect()
}

#[cfg(test)]
mod tests {
    use super::peers;
    use crate::record::Measure;

    #[test]
    fn a_line_is_a_peer_with_what_it_has() {
        let output = r#"{"name": "a", "missing": "pip install a"}
{"name": "b", "version": "1", "figures": [{"measure": "round-trip", "values": [1e-6], "remark": null}]}
"#;
        let peers = peers(output).unwrap();
        assert_eq!(peers[0].missing.as_deref(), Some("pip install a"));
        assert_eq!(peers[1].figure(Measure::RoundTrip).unwrap().values, [1e-6]);
    }

    #[test]
    fn a_line_that_is_no_peer_is_an_error_that_shows_it() {
        let error = peers("Traceback").unwrap_err();
        assert_eq!(error.to_string(), "no peer: Traceback");
    }
}

//! Other programs: scripts for an interpreter, and running something that may never end.

use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

/// A script in a folder of its own, which goes with it.
pub(crate) struct Script {
    _folder: tempfile::TempDir,
    path: PathBuf,
}

impl Script {
    pub(crate) fn new(name: &str, text: &str) -> Result<Self> {
        let folder = tempfile::tempdir().context("a temporary folder cannot be made")?;
        let path = folder.path().join(name);
        fs::write(&path, text).with_context(|| format!("{} cannot be written", path.display()))?;
        Ok(Self {
            _folder: folder,
            path,
        })
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }
}

/// Runs the command to its end, and returns what it printed. What it writes to stderr is in the error
/// if it fails.
///
/// # Errors
///
/// It cannot be started, it ends with another code than 0, or it takes longer than `limit`, which ends it.
pub(crate) fn run(command: &mut Command, limit: Duration) -> Result<String> {
    let program = command.get_program().to_string_lossy().into_owned();
    command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = command
        .spawn()
        .with_context(|| format!("`{program}` cannot be started"))?;
    let (stdout, stderr) = (reader(child.stdout.take()), reader(child.stderr.take()));
    let Some(status) = wait(&mut child, limit)? else {
        // Its own children may have the pipes, so nobody waits for what they still print.
        child.kill()?;
        child.wait()?;
        bail!("`{program}` took longer than {limit:?}");
    };
    let read = |reader: thread::JoinHandle<_>| reader.join().unwrap_or_default();
    let (stdout, stderr) = (read(stdout), read(stderr));
    if !status.success() {
        let last = stderr.lines().rfind(|line| !line.trim().is_empty());
        bail!(
            "`{program}` ended with {status}: {}",
            last.unwrap_or("it said nothing")
        );
    }
    Ok(stdout)
}

fn reader(pipe: Option<impl Read + Send + 'static>) -> thread::JoinHandle<String> {
    thread::spawn(move || {
        let mut bytes = Vec::new();
        if let Some(mut pipe) = pipe {
            // What was read until then is what there is.
            _ = pipe.read_to_end(&mut bytes);
        }
        String::from_utf8_lossy(&bytes).into_owned()
    })
}

/// Waits for the child; `None` if it takes longer.
fn wait(child: &mut Child, limit: Duration) -> Result<Option<ExitStatus>> {
    const LOOK_EVERY: Duration = Duration::from_millis(5);
    let deadline = Instant::now() + limit;
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(Some(status));
        }
        if Instant::now() >= deadline {
            return Ok(None);
        }
        thread::sleep(LOOK_EVERY);
    }
}

#[cfg(all(test, unix))]
mod tests {
    use std::process::Command;
    use std::time::Duration;

    use super::{Script, run};

    const LONG: Duration = Duration::from_secs(60);

    fn shell(script: &str) -> Command {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        command
    }

    #[test]
    fn what_a_command_prints_is_returned() {
        assert_eq!(run(&mut shell("echo a; echo b >&2"), LONG).unwrap(), "a\n");
    }

    #[test]
    fn a_command_that_fails_is_an_error_with_its_last_words() {
        let error = run(&mut shell("echo first >&2; echo last >&2; exit 3"), LONG).unwrap_err();
        assert!(
            error.to_string().ends_with("exit status: 3: last"),
            "{error}"
        );
        let error = run(&mut Command::new("no-such-program"), LONG).unwrap_err();
        assert!(
            error
                .to_string()
                .contains("`no-such-program` cannot be started"),
            "{error}"
        );
    }

    #[test]
    fn a_command_without_end_is_ended() {
        let error = run(&mut shell("while :; do :; done"), Duration::from_millis(50)).unwrap_err();
        assert!(
            error.to_string().contains("took longer than 50ms"),
            "{error}"
        );
    }

    #[test]
    fn a_script_goes_with_its_folder() {
        let script = Script::new("a.sh", "echo here").unwrap();
        let path = script.path().to_owned();
        assert_eq!(run(Command::new("sh").arg(&path), LONG).unwrap(), "here\n");
        drop(script);
        assert!(!path.exists());
    }
}

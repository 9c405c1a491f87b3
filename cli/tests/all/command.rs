//! Starting the command, and the files that it is given.

use std::ffi::OsStr;
use std::io::Write;
use std::ops::{Deref, DerefMut};
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};

use tempfile::{NamedTempFile, TempDir};

/// What the command has printed, and its exit code; `None` if a signal has ended it.
#[derive(Debug)]
pub(crate) struct Said {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl From<Output> for Said {
    fn from(output: Output) -> Self {
        let text = |bytes| String::from_utf8(bytes).expect("the command prints UTF-8");
        Self {
            code: output.status.code(),
            stdout: text(output.stdout),
            stderr: text(output.stderr),
        }
    }
}

impl Said {
    /// Checks that all went well, and returns what was printed.
    pub(crate) fn ok(self) -> String {
        assert_eq!(self.code, Some(0), "{self:?}");
        assert_eq!(self.stderr, "", "{self:?}");
        self.stdout
    }

    /// Checks that it failed and printed no result, and returns what it complained about.
    pub(crate) fn failed(self) -> String {
        assert_eq!(self.code, Some(1), "{self:?}");
        assert_eq!(self.stdout, "", "{self:?}");
        assert!(self.stderr.starts_with("error: "), "{self:?}");
        self.stderr
    }
}

/// The command, with all three streams connected to the test.
pub(crate) fn command<A: AsRef<OsStr>>(args: impl IntoIterator<Item = A>) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sandpool"));
    command
        .args(args)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

/// The command while it runs. Goes with the test, even if its task would not end.
pub(crate) struct Running(Child);

impl Running {
    pub(crate) fn start(mut command: Command) -> Self {
        Self(command.spawn().expect("the command can be started"))
    }
}

impl Deref for Running {
    type Target = Child;

    fn deref(&self) -> &Child {
        &self.0
    }
}

impl DerefMut for Running {
    fn deref_mut(&mut self) -> &mut Child {
        &mut self.0
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Runs the command to its end.
pub(crate) fn sandpool<A: AsRef<OsStr>>(args: impl IntoIterator<Item = A>) -> Said {
    let output = command(args).stdin(Stdio::null()).output();
    output.expect("the command can be started").into()
}

/// Runs the command to its end, with this for stdin.
pub(crate) fn sandpool_with_input<A: AsRef<OsStr>>(
    args: impl IntoIterator<Item = A>,
    input: &str,
) -> Said {
    let mut child = command(args).spawn().expect("the command can be started");
    let mut stdin = child.stdin.take().expect("it was asked for");
    let input = input.to_owned();
    let writer = std::thread::spawn(move || stdin.write_all(input.as_bytes()));
    let output = child.wait_with_output().expect("the command ends");
    writer
        .join()
        .expect("writing does not panic")
        .expect("the command reads its input to the end");
    output.into()
}

/// A file that goes with the test.
pub(crate) struct File {
    file: NamedTempFile,
}

impl File {
    pub(crate) fn new(contents: impl AsRef<[u8]>) -> Self {
        let mut file = NamedTempFile::new().expect("the temporary folder can be written");
        file.write_all(contents.as_ref())
            .expect("the disk has room");
        Self { file }
    }

    pub(crate) fn path(&self) -> &str {
        self.file.path().to_str().expect("the path is UTF-8")
    }
}

/// The module of the tasks that misbehave.
pub(crate) fn faults() -> File {
    File::new(fault_tasks::MODULE)
}

/// The module of the reference tasks.
pub(crate) fn reference() -> File {
    File::new(guest_tasks::MODULE)
}

/// A folder that goes with the test.
pub(crate) fn folder() -> TempDir {
    tempfile::tempdir().expect("the temporary folder can be written")
}

/// The root of the workspace.
pub(crate) fn workspace() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("..")
}

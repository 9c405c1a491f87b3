//! What modules for an operating system are granted of one.

use std::path::{Path, PathBuf};

use crate::error::LoadError;

/// WASI preview 1 for a module: the system interface of the targets `wasm32-wasip1` of Rust and of other
/// compilers. By default it has no arguments, no environment, no folders, and never a network.
///
/// Two kinds of modules use it.
///
/// *Modules of tasks* built for `wasm32-wasip1`. Their `_initialize` is called in each new sandbox, once. Lines
/// that they write to stdout or stderr go to the [log](crate::Grants::log), as `INFO` and `WARN`, if that is
/// granted, and are dropped if not.
///
/// *Programs*: modules without tasks that export `_start`. Such a module has one task, `_start`, that takes
/// bytes, the program's stdin, and returns bytes, its stdout:
/// [`submit_bytes("_start", stdin)`](crate::ProcessPool::submit_bytes). Where it exits with another code than 0,
/// the task has [`Failed`](crate::TaskErrorKind::Failed) with the [code](crate::Failure::exit_code), and what it
/// wrote to stderr is the error's cause. So has one that aborts after it wrote something to stderr, without a
/// code. Stderr goes to the log, too, if that is granted. A program has a sandbox for itself, whatever
/// [`Isolation`](crate::Isolation) says.
///
/// The engine's WASI wants a tokio runtime: the first call of it in a process starts the threads of one, which
/// then idle, unless the worker's thread has entered a runtime of yours.
///
/// Clocks and random bytes are as the other [`Grants`](crate::Grants) say. A task that sleeps is woken
/// when it is cancelled and when its time is up.
///
/// # Examples
///
/// ```no_run
/// use sandpool::{Access, Grants, ProcessPool, TaskModule, Wasi};
///
/// # fn main() -> anyhow::Result<()> {
/// let wasi = Wasi::new().arg("--count").folder("data", "/data", Access::Read);
/// let wasm = std::fs::read("program.wasm")?;
/// let module = TaskModule::builder(wasm).grants(Grants::new().wasi(wasi)).load()?;
/// let pool = ProcessPool::new(module)?;
/// let stdout = pool.submit_bytes("_start", "some lines")?.join()?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Wasi {
    pub(crate) arguments: Vec<String>,
    pub(crate) environment: Vec<(String, String)>,
    pub(crate) folders: Vec<Folder>,
    pub(crate) stdout_bytes: usize,
    pub(crate) stderr_bytes: usize,
}

/// A folder of the host in a sandbox.
#[derive(Clone, Debug)]
pub(crate) struct Folder {
    pub(crate) host: PathBuf,
    pub(crate) guest: String,
    pub(crate) access: Access,
}

/// What may be done in a [folder](Wasi::folder).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Files and folders can be read and listed.
    Read,
    /// Files and folders can also be made, written, renamed and deleted.
    ReadWrite,
}

impl Wasi {
    /// Returns the defaults: no arguments, no environment, no folders, stdout of up to 1 MiB, of stderr the last
    /// 64 KiB.
    #[must_use]
    pub fn new() -> Self {
        Self {
            arguments: Vec::new(),
            environment: Vec::new(),
            folders: Vec::new(),
            stdout_bytes: 1 << 20,
            stderr_bytes: 64 << 10,
        }
    }

    /// Adds an argument. Default: none, but for the program's name, which is `program`.
    #[must_use]
    pub fn arg(mut self, argument: impl Into<String>) -> Self {
        self.arguments.push(argument.into());
        self
    }

    /// Adds a variable to the environment. Default: none; nothing is taken from the host's.
    #[must_use]
    pub fn env(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.environment.push((name.into(), value.into()));
        self
    }

    /// Grants a folder of the host, and all that is in it, under a path of the guest's. Default: none.
    ///
    /// No path and no symbolic link leads out of it. It is opened anew for each sandbox; the path is
    /// made absolute when the module is loaded. Several folders are several grants.
    ///
    /// Reading and writing happen on the worker and cannot be interrupted: a FIFO in the folder that
    /// nobody writes to, or a folder of a network that does not answer, holds up the worker, past any
    /// timeout and cancellation, for as long as the operating system waits. So grant folders with plain
    /// files. Nothing bounds how much is written. A guest that has more than about 120 files open ends as
    /// [`BadHostCall`](crate::TaskErrorKind::BadHostCall).
    #[must_use]
    pub fn folder(
        mut self,
        host: impl AsRef<Path>,
        guest: impl Into<String>,
        access: Access,
    ) -> Self {
        self.folders.push(Folder {
            host: host.as_ref().to_owned(),
            guest: guest.into(),
            access,
        });
        self
    }

    /// Sets how much a program may write to stdout, in bytes. Default: 1 MiB. A program that writes more, or
    /// more than [`Limits::result_bytes`](crate::Limits::result_bytes), ends as
    /// [`ResultTooLarge`](crate::TaskErrorKind::ResultTooLarge).
    #[must_use]
    pub fn stdout_bytes(mut self, bytes: usize) -> Self {
        self.stdout_bytes = bytes;
        self
    }

    /// Sets how much is kept of what a program writes to stderr, in bytes. Default: 64 KiB. What came
    /// before the last so many bytes is dropped. In an error it is cut to
    /// [`Limits::panic_bytes`](crate::Limits::panic_bytes), like all texts.
    #[must_use]
    pub fn stderr_bytes(mut self, bytes: usize) -> Self {
        self.stderr_bytes = bytes;
        self
    }

    pub(super) fn check(mut self) -> Result<Self, LoadError> {
        let names = self.environment.iter().map(|(name, _)| name);
        if let Some(name) = names
            .clone()
            .find(|name| name.is_empty() || name.contains('='))
        {
            return Err(LoadError::Settings(format!(
                "{name:?} cannot be the name of a variable"
            )));
        }
        let values = self.environment.iter().map(|(_, value)| value);
        if let Some(text) = names
            .chain(values)
            .chain(&self.arguments)
            .find(|text| text.contains('\0'))
        {
            return Err(LoadError::Settings(format!(
                "arguments and environment have no NUL byte: {text:?}"
            )));
        }
        for folder in &mut self.folders {
            let found = folder.host.canonicalize().and_then(|path| {
                // Opened, not only looked at: who may not list a folder cannot grant it.
                std::fs::read_dir(&path).map(|_| path)
            });
            folder.host = found.map_err(|source| LoadError::Folder {
                path: folder.host.clone(),
                source,
            })?;
        }
        Ok(self)
    }
}

impl Default for Wasi {
    fn default() -> Self {
        Self::new()
    }
}

/// All functions of WASI preview 1.
pub(super) const FUNCTIONS: [&str; 46] = [
    "args_get",
    "args_sizes_get",
    "clock_res_get",
    "clock_time_get",
    "environ_get",
    "environ_sizes_get",
    "fd_advise",
    "fd_allocate",
    "fd_close",
    "fd_datasync",
    "fd_fdstat_get",
    "fd_fdstat_set_flags",
    "fd_fdstat_set_rights",
    "fd_filestat_get",
    "fd_filestat_set_size",
    "fd_filestat_set_times",
    "fd_pread",
    "fd_prestat_dir_name",
    "fd_prestat_get",
    "fd_pwrite",
    "fd_read",
    "fd_readdir",
    "fd_renumber",
    "fd_seek",
    "fd_sync",
    "fd_tell",
    "fd_write",
    "path_create_directory",
    "path_filestat_get",
    "path_filestat_set_times",
    "path_link",
    "path_open",
    "path_readlink",
    "path_remove_directory",
    "path_rename",
    "path_symlink",
    "path_unlink_file",
    "poll_oneoff",
    "proc_exit",
    "proc_raise",
    "random_get",
    "sched_yield",
    "sock_accept",
    "sock_recv",
    "sock_send",
    "sock_shutdown",
];

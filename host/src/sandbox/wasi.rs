//! WASI preview 1: that of wasmtime, with what it says about time, chance, waiting and the end replaced.

mod poll;
pub(super) mod program;
mod streams;

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant, SystemTime};

use sandpool_abi::imports::Level;
use wasmtime::{Caller, Linker};
use wasmtime_wasi::p1::{self, WasiP1Ctx};
use wasmtime_wasi::{
    FsPerms, HostMonotonicClock, HostWallClock, ResourceTableError, WasiCtxBuilder, WasiView,
};

use crate::error::TaskErrorKind;
use crate::grants::{Access, WASI_MODULE, Wasi};
use crate::sandbox::guest::Guest;
use crate::sandbox::imports::random;
use crate::sandbox::lines::Lines;
use crate::sandbox::trap::HostFault;
use crate::sandbox::wasi::streams::{Input, Kept, Output};

/// How many files, folders and streams a guest can have open: a process may have some thousand, for all
/// sandboxes together.
const MAX_RESOURCES: usize = 128;

/// What a guest is given for an operating system.
pub(crate) struct System {
    context: WasiP1Ctx,
    stdin: Input,
    stdout: Output,
    stderr: Output,
    stdout_bytes: usize,
    /// When the clock began, if there is one.
    began: Option<Instant>,
}

impl System {
    /// Of a sandbox with a clock that began then.
    pub(super) fn new(
        wasi: &Wasi,
        began: Option<Instant>,
        lines: &Arc<Mutex<Lines>>,
    ) -> Result<Self, String> {
        let (stdin, stdout, stderr) = (
            Input::default(),
            Output::new(lines, Level::Info),
            Output::new(lines, Level::Warn),
        );
        stderr.keep(Kept::Last(wasi.stderr_bytes));
        let mut builder = WasiCtxBuilder::new();
        builder
            .arg("program")
            .args(&wasi.arguments)
            .envs(&wasi.environment)
            .stdin(stdin.clone())
            .stdout(stdout.clone())
            .stderr(stderr.clone())
            // This is a worker: there is no need for one more thread to wait for the disk.
            .allow_blocking_current_thread(true)
            .monotonic_clock(Clock(began))
            .wall_clock(Clock(began));
        for folder in &wasi.folders {
            let access = match folder.access {
                Access::Read => FsPerms::ReadOnly,
                Access::ReadWrite => FsPerms::ReadWrite,
            };
            let opened = builder.preopened_dir(&folder.host, &folder.guest, access);
            opened.map_err(|error| {
                format!(
                    "the folder {} cannot be opened: {error:#}",
                    folder.host.display()
                )
            })?;
        }
        let mut context = builder.build_p1();
        context.ctx().table.set_max_capacity(MAX_RESOURCES);
        Ok(Self {
            context,
            stdin,
            stdout,
            stderr,
            stdout_bytes: wasi.stdout_bytes,
            began,
        })
    }

    /// The task has ended: what it wrote without a line break is a line.
    pub(super) fn end(&self) {
        self.stdout.end_line();
        self.stderr.end_line();
    }

    /// Makes this the system of a program: what it writes to stdout is kept, and not logged.
    pub(super) fn run_program(&self, stdin: Vec<u8>, result_bytes: usize) {
        self.stdin.give(stdin);
        let most = self.stdout_bytes.min(result_bytes);
        self.stdout.keep(Kept::All(most));
    }

    /// Returns what the program wrote to stdout.
    pub(super) fn stdout(&self) -> Vec<u8> {
        self.stdout.take()
    }

    /// Returns the end of what the program wrote to stderr, as text.
    pub(super) fn stderr(&self) -> String {
        String::from_utf8_lossy(&self.stderr.take()).into_owned()
    }

    /// Returns the time of a clock, in nanoseconds.
    fn time(&self, clock: poll::Clock) -> u64 {
        match clock {
            poll::Clock::Monotonic => HostMonotonicClock::now(&Clock(self.began)),
            poll::Clock::Realtime => nanoseconds(HostWallClock::now(&Clock(self.began))),
        }
    }
}

/// A clock that began then, or stands still at 0.
struct Clock(Option<Instant>);

const RESOLUTION: Duration = Duration::from_nanos(1);

fn nanoseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

impl HostMonotonicClock for Clock {
    fn resolution(&self) -> u64 {
        nanoseconds(RESOLUTION)
    }

    fn now(&self) -> u64 {
        self.0.map_or(0, |began| nanoseconds(began.elapsed()))
    }
}

impl HostWallClock for Clock {
    fn resolution(&self) -> Duration {
        RESOLUTION
    }

    fn now(&self) -> Duration {
        let since_1970 = |_| SystemTime::UNIX_EPOCH.elapsed().unwrap_or_default();
        self.0.map_or(Duration::ZERO, since_1970)
    }
}

/// Defines the functions of WASI preview 1.
pub(super) fn define(linker: &mut Linker<Guest>) -> wasmtime::Result<()> {
    p1::add_to_linker_sync(linker, |guest| &mut system(guest).context)?;
    linker.allow_shadowing(true);
    linker.func_wrap(WASI_MODULE, "poll_oneoff", poll::poll_oneoff)?;
    linker.func_wrap(WASI_MODULE, "random_get", random_get)?;
    linker.func_wrap(WASI_MODULE, "proc_exit", proc_exit)?;
    linker.allow_shadowing(false);
    Ok(())
}

fn system(guest: &mut Guest) -> &mut System {
    let system = guest.host.wasi.as_mut();
    system.expect("it is linked where it is granted")
}

/// Returns what a guest did that the engine's own functions end it for.
pub(super) fn reason(error: &wasmtime::Error) -> String {
    match error.downcast_ref() {
        Some(ResourceTableError::Full) => {
            format!("it has more than {MAX_RESOURCES} files, folders and streams open")
        }
        _ => error.root_cause().to_string(),
    }
}

/// What functions of WASI return.
type Errno = i32;
const SUCCESS: Errno = 0;
const INVALID: Errno = 28;

fn random_get(mut caller: Caller<'_, Guest>, ptr: u32, len: u32) -> wasmtime::Result<Errno> {
    random::fill(&mut caller, "random_get", ptr, len)?;
    Ok(SUCCESS)
}

fn proc_exit(_: Caller<'_, Guest>, code: i32) -> wasmtime::Result<()> {
    Err(HostFault(TaskErrorKind::Failed(program::exited(code))).into())
}

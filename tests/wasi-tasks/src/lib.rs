//! Tasks that use an operating system, and `PROGRAM`, which is no task.

use std::io::Write;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};
use std::{fs, process, thread};

use sandpool_guest::{clock, task};

sandpool_guest::module!();

/// A program, compiled for `wasm32-wasip1`: see `program.rs`.
#[cfg(not(target_family = "wasm"))]
pub const PROGRAM: &[u8] = include_bytes!(env!("PROGRAM"));

/// Returns what is in a file.
#[task]
pub fn read(path: &str) -> std::io::Result<String> {
    fs::read_to_string(path)
}

/// Writes lines to stdout and to stderr, the last one without a line break.
#[task]
pub fn print(text: &str) {
    println!("{text} 1");
    eprintln!("{text} 2");
    print!("{text} 3");
    std::io::stdout().flush().unwrap();
}

/// Exits.
#[task]
pub fn exit(code: i32) {
    process::exit(code);
}

/// Panics.
#[task]
pub fn boom(message: &str) {
    panic!("{message}");
}

/// Sleeps, and returns how long that took by the clocks of the system and of the sandbox, in microseconds.
#[task]
pub fn sleep(milliseconds: u64) -> (u64, u64) {
    let (system, sandbox) = (Instant::now(), clock::now());
    thread::sleep(Duration::from_millis(milliseconds));
    let microseconds = |time: Duration| u64::try_from(time.as_micros()).unwrap_or(u64::MAX);
    (
        microseconds(system.elapsed()),
        microseconds(clock::now() - sandbox),
    )
}

/// Returns how many tasks this sandbox has served before.
#[task]
pub fn count() -> u32 {
    static BEFORE: AtomicU32 = AtomicU32::new(0);
    BEFORE.fetch_add(1, Ordering::Relaxed)
}

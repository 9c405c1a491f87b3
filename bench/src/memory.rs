//! How much main memory processes have, as Linux tells it.

use std::fs;
use std::io;

use crate::machine::{kibibytes, value};

/// Returns the proportional set size of a process in bytes: what it has alone, and its share of what
/// it has with others.
pub(crate) fn proportional_bytes(process: &str) -> io::Result<u64> {
    field(&format!("/proc/{process}/smaps_rollup"), "Pss")
}

/// Returns the resident memory of this process, in bytes.
pub(crate) fn resident_bytes() -> io::Result<u64> {
    field("/proc/self/status", "VmRSS")
}

/// Returns the most that this process had resident at once since [`forget_the_peak`], in bytes.
pub(crate) fn peak_bytes() -> io::Result<u64> {
    field("/proc/self/status", "VmHWM")
}

/// Has the peak begin anew with what is resident now.
pub(crate) fn forget_the_peak() -> io::Result<()> {
    // 5 stands for this in proc_pid_clear_refs(5).
    fs::write("/proc/self/clear_refs", "5")
}

fn field(file: &str, name: &str) -> io::Result<u64> {
    let text = fs::read_to_string(file)?;
    let bytes = value(&text, name).and_then(kibibytes);
    bytes.ok_or_else(|| io::Error::other(format!("{file} says nothing of {name}")))
}

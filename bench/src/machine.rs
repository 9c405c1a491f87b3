//! What a run says of the machine and of the program, so that its figures can be read later.

use std::fs;
use std::thread;
use std::time::SystemTime;

use crate::record::Machine;

impl Machine {
    /// Reads what this machine says of itself. What it does not tell is called unknown, or 0.
    pub fn here() -> Self {
        let unknown = || "unknown".to_owned();
        Self {
            cpu: cpu().unwrap_or_else(unknown),
            processors: thread::available_parallelism().map_or(1, usize::from),
            memory_bytes: memory_bytes().unwrap_or(0),
            os: os().unwrap_or_else(|| std::env::consts::OS.to_owned()),
            sandpool: env!("CARGO_PKG_VERSION").to_owned(),
            engine: env!("SANDPOOL_BENCH_ENGINE").to_owned(),
            rustc: env!("SANDPOOL_BENCH_RUSTC").to_owned(),
            profile: if cfg!(debug_assertions) {
                "debug"
            } else {
                "release"
            }
            .to_owned(),
        }
    }
}

/// The time now, as RFC 3339 writes it, in UTC.
pub fn now() -> String {
    humantime::format_rfc3339_seconds(SystemTime::now()).to_string()
}

fn cpu() -> Option<String> {
    let info = fs::read_to_string("/proc/cpuinfo").ok()?;
    let name = value(&info, "model name").or_else(|| value(&info, "Processor"));
    name.map(str::to_owned)
}

fn memory_bytes() -> Option<u64> {
    let info = fs::read_to_string("/proc/meminfo").ok()?;
    kibibytes(value(&info, "MemTotal")?)
}

fn os() -> Option<String> {
    let kernel = fs::read_to_string("/proc/sys/kernel/osrelease").ok()?;
    let release = fs::read_to_string("/etc/os-release").unwrap_or_default();
    let name = release
        .lines()
        .find_map(|line| line.strip_prefix("PRETTY_NAME="));
    let name = name.unwrap_or("Linux").trim_matches('"');
    Some(format!("{name}, Linux {}", kernel.trim()))
}

/// Returns the value of a line `key: value`.
pub(crate) fn value<'a>(text: &'a str, key: &str) -> Option<&'a str> {
    text.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        (name.trim() == key).then(|| value.trim())
    })
}

/// Reads `12 kB` as bytes, which the kernel means by 1024.
pub(crate) fn kibibytes(text: &str) -> Option<u64> {
    let number: u64 = text.strip_suffix("kB")?.trim().parse().ok()?;
    Some(number * 1024)
}

#[cfg(test)]
mod tests {
    use super::{kibibytes, now, value};
    use crate::record::Machine;

    #[test]
    fn a_line_has_a_key_and_a_value() {
        let text = "processor\t: 0\nmodel name\t: A CPU: the second\n";
        assert_eq!(value(text, "model name"), Some("A CPU: the second"));
        assert_eq!(value(text, "model"), None);
    }

    #[test]
    fn kilobytes_of_the_kernel_have_1024_bytes() {
        assert_eq!(kibibytes("12 kB"), Some(12_288));
        assert_eq!(kibibytes("12 MB"), None);
    }

    #[test]
    fn the_versions_are_known() {
        let machine = Machine::here();
        assert!(machine.rustc.starts_with("rustc 1."), "{}", machine.rustc);
        assert!(
            machine.engine.starts_with("wasmtime 4"),
            "{}",
            machine.engine
        );
        assert!(machine.processors > 0);
    }

    #[test]
    fn times_are_in_utc() {
        let now = now();
        assert!(now.ends_with('Z') && now.len() == 20, "{now}");
    }
}

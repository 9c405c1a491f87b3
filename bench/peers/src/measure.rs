//! What both have in common: how often something is done, how it is timed, how it is printed.

use std::fs;
use std::time::Instant;

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

pub const KB: usize = 1_000;
pub const MB: usize = 1_000_000;

#[derive(Clone, Copy)]
pub struct Counts {
    pub latencies: usize,
    pub throughput: usize,
    pub rare: usize,
    pub large: usize,
}

impl Counts {
    pub fn new(quick: bool) -> Self {
        match quick {
            true => Self { latencies: 100, throughput: 10_000, rare: 5, large: 2 },
            false => Self { latencies: 500, throughput: 100_000, rare: 20, large: 5 },
        }
    }

    /// The payloads: the name of the measure, the size in bytes, how often.
    pub fn payloads(self) -> [(&'static str, usize, usize); 3] {
        [
            ("payload1-kb", KB, self.latencies),
            ("payload1-mb", MB, self.rare),
            ("payload64-mb", 64 * MB, self.large),
        ]
    }
}

/// Returns what each of so many runs took, in seconds, after one that is not counted.
pub fn repeat(count: usize, mut run: impl FnMut() -> Result<()>) -> Result<Vec<f64>> {
    run()?;
    let seconds = (0..count).map(|_| {
        let started = Instant::now();
        run()?;
        Ok(started.elapsed().as_secs_f64())
    });
    seconds.collect()
}

pub fn payload(bytes: usize) -> Vec<u8> {
    (0..bytes).map(|place| (place % 251) as u8).collect()
}

pub fn check(bytes: &[u8], sent: usize) -> Result<()> {
    ensure!(bytes.len() == sent, "{sent} bytes came back as {}", bytes.len());
    Ok(())
}

pub fn figure(measure: &str, values: &[f64], remark: Option<&str>) -> Value {
    json!({ "measure": measure, "values": values, "remark": remark })
}

/// What a process takes of main memory, in bytes: its own, and its share of what it shares.
pub fn proportional_bytes(process: &str) -> Result<u64> {
    let file = format!("/proc/{process}/smaps_rollup");
    let text = fs::read_to_string(&file).context("memory is read from /proc")?;
    let line = text.lines().find_map(|line| line.strip_prefix("Pss:"));
    let kib = line.and_then(|line| line.split_whitespace().next());
    let kib: u64 = kib.context("a process has memory")?.parse()?;
    Ok(kib * 1024)
}

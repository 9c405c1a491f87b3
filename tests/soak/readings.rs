//! What the operating system says of this process.

use std::fmt;
use std::fs;
use std::time::Instant;

/// The process at one moment.
pub(super) struct Readings {
    pub(super) at: Instant,
    tasks: u64,
    cpu_ticks: u64,
    rss_kib: u64,
    threads: u64,
    files: u64,
    mappings: u64,
}

impl Readings {
    pub(super) fn now(tasks: u64) -> Self {
        let status = read("status");
        let number = |name: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(name));
            let word = line.and_then(|line| line.split_whitespace().next());
            let number = word.and_then(|word| word.parse().ok());
            number.unwrap_or_else(|| panic!("{name} is in /proc/self/status"))
        };
        // The name of the process is in parentheses; the times are the 12th and 13th word after it.
        let stat = read("stat");
        let (_, after_name) = stat.rsplit_once(')').expect("it has a name");
        let times = after_name.split_whitespace().skip(11).take(2);
        let ticks = times.map(|word| word.parse::<u64>().expect("it is a number"));
        Self {
            at: Instant::now(),
            tasks,
            cpu_ticks: ticks.sum(),
            rss_kib: number("VmRSS:"),
            threads: number("Threads:"),
            files: fs::read_dir("/proc/self/fd")
                .expect("this is Linux")
                .count() as u64,
            mappings: read("maps").lines().count() as u64,
        }
    }
}

fn read(file: &str) -> String {
    fs::read_to_string(format!("/proc/self/{file}")).expect("this is Linux")
}

/// What was done between two readings, and the process at the end.
pub(super) struct Window {
    tasks_per_second: f64,
    tasks_per_cpu_second: f64,
    tasks: u64,
    rss_kib: u64,
    threads: u64,
    files: u64,
    mappings: u64,
}

impl Window {
    pub(super) fn between(before: &Readings, after: &Readings) -> Self {
        const TICKS_PER_SECOND: f64 = 100.0;
        let tasks = (after.tasks - before.tasks) as f64;
        let cpu = (after.cpu_ticks - before.cpu_ticks) as f64 / TICKS_PER_SECOND;
        Self {
            tasks_per_second: tasks / (after.at - before.at).as_secs_f64(),
            tasks_per_cpu_second: tasks / cpu,
            tasks: after.tasks,
            rss_kib: after.rss_kib,
            threads: after.threads,
            files: after.files,
            mappings: after.mappings,
        }
    }
}

impl fmt::Display for Window {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} tasks, {:.0} a second, {:.0} a second of the processors; RSS {:.1} MiB, {} threads, {} files, {} mappings",
            self.tasks,
            self.tasks_per_second,
            self.tasks_per_cpu_second,
            self.rss_kib as f64 / 1024.0,
            self.threads,
            self.files,
            self.mappings
        )
    }
}

/// Compares the last windows with those after the warm-up; without so many there is nothing to compare.
pub(super) fn compare(windows: &[Window]) -> Result<String, String> {
    const FEW: usize = 5;
    // The allocator takes its time to have seen every size that is asked for.
    let warm_up = (windows.len() / 4).max(2);
    let (Some(first), Some(last)) = (windows.get(warm_up), windows.last()) else {
        return Ok("too short to tell whether the process grows".to_owned());
    };
    let grown = |what, before: u64, after: u64, allowed: u64| match after > before + allowed {
        true => Err(format!("{what} have grown from {before} to {after}")),
        false => Ok(()),
    };
    grown(
        "KiB of memory",
        first.rss_kib,
        last.rss_kib,
        first.rss_kib / 10 + (16 << 10),
    )?;
    grown("threads", first.threads, last.threads, 4)?;
    grown("files", first.files, last.files, 4)?;
    grown("mappings", first.mappings, last.mappings, 64)?;
    let warm = &windows[warm_up..];
    let start = &warm[..FEW.min(warm.len())];
    let end = &warm[warm.len().saturating_sub(FEW)..];
    let ratio = |of: fn(&Window) -> f64| median(end, of) / median(start, of);
    Ok(format!(
        "RSS {:.1} MiB after the warm-up, {:.1} MiB at the end; throughput at the end / at the start {:.3}, per second of the processors {:.3}",
        first.rss_kib as f64 / 1024.0,
        last.rss_kib as f64 / 1024.0,
        ratio(|window| window.tasks_per_second),
        ratio(|window| window.tasks_per_cpu_second)
    ))
}

fn median(windows: &[Window], of: fn(&Window) -> f64) -> f64 {
    let mut values: Vec<f64> = windows.iter().map(of).collect();
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

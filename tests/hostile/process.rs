//! How large this process is.

use std::time::{Duration, Instant};

/// Memory and threads.
#[derive(Debug)]
pub(crate) struct Size {
    rss_kib: usize,
    threads: usize,
}

/// What the allocator may keep of what it was given back: modules of 65 MiB are among those that are refused.
/// There are more than 8,000 runs, so to lose 12 KiB in each would be noticed.
const TOLERANCE_KIB: usize = 96 << 10;

impl Size {
    /// Returns the size when the threads of pools that were dropped have exited, and the timers of modules,
    /// which end by themselves: all but those of so many workers. Threads that compile stay for the next
    /// module.
    pub(crate) fn settled(workers: usize) -> Self {
        const LONG: Duration = Duration::from_secs(60);
        let until = Instant::now() + LONG;
        let is_ours = |name: &&String| {
            let ours = ["processes-", "sandpool-timer", "sandpool-expir"];
            ours.iter().any(|ours| name.starts_with(ours))
        };
        while threads().iter().filter(is_ours).count() > workers {
            assert!(Instant::now() < until, "threads are left: {:?}", threads());
            std::thread::yield_now();
        }
        Self {
            rss_kib: rss_kib(),
            threads: threads().len(),
        }
    }

    /// Sees that the process has not grown.
    pub(crate) fn is_as(&self, before: &Self) {
        println!("before: {before:?}, after: {self:?}");
        assert!(
            self.rss_kib <= before.rss_kib + TOLERANCE_KIB,
            "{before:?}, {self:?}"
        );
        assert!(
            self.threads <= before.threads,
            "{before:?}, {self:?}, {:?}",
            threads()
        );
    }
}

fn rss_kib() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").expect("this is Linux");
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let number = line.and_then(|line| line.split_whitespace().next());
    number
        .and_then(|number| number.parse().ok())
        .expect("it is there")
}

/// Returns the names of the threads, as far as Linux shows them.
fn threads() -> Vec<String> {
    let tasks = std::fs::read_dir("/proc/self/task").expect("this is Linux");
    let names = tasks
        .flatten()
        .map(|task| std::fs::read_to_string(task.path().join("comm")));
    // One that has exited meanwhile has none.
    names.flatten().map(|name| name.trim().to_owned()).collect()
}

//! How large this process is.

use std::time::{Duration, Instant};

/// Memory and threads.
#[derive(Debug)]
pub(crate) struct Size {
    rss_kib: usize,
    threads: usize,
}

/// What the allocator may keep of what it was given back, and of memory that is cut up otherwise.
const TOLERANCE_KIB: usize = 48 << 10;

impl Size {
    /// Returns the size when threads that are exiting have exited: those that a dropped module leaves behind
    /// end by themselves. Beside what is meant there are the test's own, and those of the compiler.
    pub(crate) fn settled(expected: usize) -> Self {
        const LONG: Duration = Duration::from_secs(60);
        let until = Instant::now() + LONG;
        let is_ours = |name: &str| {
            ["processes-", "sandpool-"]
                .iter()
                .any(|ours| name.starts_with(ours))
        };
        while threads().iter().filter(|name| is_ours(name)).count() > expected {
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

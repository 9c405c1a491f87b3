//! The settings that both kinds of pool have.

use std::fmt;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::error::BuildError;
use crate::quietly::quietly;
use crate::workers::Settings;

/// Called on a worker's thread with the worker's number.
type Hook = Arc<dyn Fn(usize) + Send + Sync>;

/// What a builder collects for a pool's workers.
#[derive(Clone, Default)]
pub(crate) struct WorkerSettings {
    pub(crate) workers: Option<usize>,
    pub(crate) name: Option<String>,
    pub(crate) queue: Option<usize>,
    pub(crate) on_thread_start: Option<Hook>,
    pub(crate) on_thread_stop: Option<Hook>,
}

/// What a kind of pool has where nothing was set.
pub(crate) struct Defaults<'a> {
    pub(crate) workers: fn() -> usize,
    /// The names of threads are this and the pool's number.
    pub(crate) name: &'a str,
    pub(crate) stack_bytes: usize,
}

impl WorkerSettings {
    /// Checks the settings and completes them. `start` makes what a worker owns.
    pub(crate) fn check<W>(
        self,
        defaults: &Defaults<'_>,
        start: impl Fn(usize) -> Result<W, String> + Send + Sync + 'static,
    ) -> Result<Settings<W>, BuildError> {
        static POOLS: AtomicUsize = AtomicUsize::new(0);
        let name = match self.name {
            Some(name) if name.contains('\0') => return Err(BuildError::Name(name)),
            Some(name) => name,
            None => format!(
                "{}-{}",
                defaults.name,
                POOLS.fetch_add(1, Ordering::Relaxed)
            ),
        };
        let workers = self.workers.unwrap_or_else(defaults.workers);
        let queue = self
            .queue
            .map(|places| NonZeroUsize::new(places).ok_or(BuildError::NoQueue));
        let (on_start, on_stop) = (self.on_thread_start, self.on_thread_stop);
        Ok(Settings {
            workers: NonZeroUsize::new(workers).ok_or(BuildError::NoWorkers)?,
            name,
            stack_bytes: defaults.stack_bytes,
            queue: queue.transpose()?,
            start: Box::new(move |number| {
                call(on_start.as_ref(), number);
                start(number)
            }),
            stop: Box::new(move |number| call(on_stop.as_ref(), number)),
        })
    }
}

fn call(hook: Option<&Hook>, number: usize) {
    if let Some(hook) = hook {
        quietly(|| hook(number));
    }
}

/// Returns how many processors this process may use: its affinity and its cgroup's quota count.
pub(crate) fn processors() -> usize {
    std::thread::available_parallelism().map_or(1, NonZeroUsize::get)
}

impl fmt::Debug for WorkerSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WorkerSettings")
            .field("workers", &self.workers)
            .field("name", &self.name)
            .field("queue", &self.queue)
            .finish_non_exhaustive()
    }
}

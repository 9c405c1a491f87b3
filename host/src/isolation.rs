//! What one sandboxed task may find of another.

use std::num::NonZeroUsize;

/// Whether the tasks of a [`ProcessPool`](crate::ProcessPool) share sandboxes.
///
/// ```
/// use guest_tasks::primes_below;
/// use sandpool::{Isolation, ProcessPool};
///
/// # fn main() -> anyhow::Result<()> {
/// let pool = ProcessPool::builder(guest_tasks::MODULE)
///     .workers(1)
///     .isolation(Isolation::Reuse { tasks: 100.try_into()? })
///     .build()?;
/// for _ in 0..250 {
///     assert_eq!(pool.submit(primes_below, 10)?.join()?, 4);
/// }
/// assert_eq!(pool.stats().instances_made, 3);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Isolation {
    /// Every task has a sandbox of its own, with the module's initial memory: it finds nothing of
    /// earlier tasks. The default.
    #[default]
    Fresh,
    /// A worker gives the same sandbox to so many tasks, one after the other, before it makes a new one:
    /// for modules that are trusted, and whose tasks keep something for the next in their memory. A task
    /// may find, and change, whatever earlier ones left there.
    ///
    /// A sandbox is thrown away early when a task in it ends other than by returning: after a panic, a
    /// trap, a limit, a cancellation, or a result that cannot be read; when its memory has grown beyond
    /// [`reuse_memory_bytes`](crate::ProcessPoolBuilder::reuse_memory_bytes); and when it is larger than
    /// the next task's limit.
    #[doc(alias = "max_tasks_per_child")]
    Reuse {
        /// How many tasks a sandbox serves.
        tasks: NonZeroUsize,
    },
}

impl Isolation {
    /// Whether a sandbox that has served so many tasks may serve one more.
    pub(crate) fn permits(self, served: usize) -> bool {
        match self {
            Self::Fresh => false,
            Self::Reuse { tasks } => served < tasks.get(),
        }
    }
}

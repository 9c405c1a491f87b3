//! How guests can be stopped.

/// How a task that runs in a sandbox is made to notice that it is to end: because it was cancelled, or its
/// time is up. Either stops everything, in all code that a module can have.
///
/// ```
/// use std::time::Duration;
/// use guest_tasks::heavy_compute;
/// use sandpool::{Interruption, Limits, ProcessPool, TaskModule};
///
/// # fn main() -> anyhow::Result<()> {
/// let module = TaskModule::builder(guest_tasks::MODULE)
///     .interruption(Interruption::Epochs)
///     .load()?;
/// let pool = ProcessPool::new(module)?;
/// assert_eq!(pool.stats().interruption, Some(Interruption::Epochs));
/// let limits = Limits::new().timeout(Duration::from_millis(10));
/// let endless = pool.with(limits).submit(heavy_compute, u64::MAX)?;
/// assert!(endless.join().unwrap_err().is_timeout());
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Interruption {
    /// Before a module is compiled, looks at a flag are written into it, one for every turn of a loop and
    /// one before a function first calls another. The flags are in a second memory, which nothing in the module can name. The default.
    #[default]
    Polls,
    /// The engine's own mechanism: the same looks, at a counter that all sandboxes of a module share. Code
    /// with tight loops is slower by a third or more; a new sandbox is made a little sooner, and the
    /// module does not change.
    Epochs,
}

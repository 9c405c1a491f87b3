//! Waiting for several tasks at once.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::arrivals::Arrivals;
use crate::handle::TaskHandle;

/// What [`wait`] waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WaitFor {
    /// Until one task has finished.
    #[doc(alias = "FIRST_COMPLETED")]
    FirstCompleted,
    /// Until one task has failed, or all have finished. A cancelled task has not failed.
    #[doc(alias = "FIRST_EXCEPTION")]
    FirstFailed,
    /// Until all tasks have finished.
    #[doc(alias = "ALL_COMPLETED")]
    All,
}

/// What [`wait`] found, each list in the order in which the handles were given.
#[derive(Debug)]
#[must_use = "dropping the handles loses the tasks' outcomes"]
pub struct Waited<T> {
    /// The tasks that have finished.
    pub done: Vec<TaskHandle<T>>,
    /// The tasks that have not.
    pub pending: Vec<TaskHandle<T>>,
}

/// Waits for the tasks, but not longer than `timeout`, and returns them in two lists. `None` waits
/// without limit. Time running out is not an error: the lists tell.
///
/// The handles may come from several pools, of both kinds.
///
/// ```
/// use sandpool::{ThreadPool, WaitFor, wait};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let pool = ThreadPool::new(2)?;
/// let handles = vec![pool.submit(|| 1)?, pool.submit(|| 2)?];
/// let waited = wait(handles, WaitFor::All, None);
/// assert_eq!((waited.done.len(), waited.pending.len()), (2, 0));
/// # Ok(())
/// # }
/// ```
pub fn wait<T>(
    handles: impl IntoIterator<Item = TaskHandle<T>>,
    until: WaitFor,
    timeout: Option<Duration>,
) -> Waited<T> {
    let deadline = timeout.and_then(|timeout| Instant::now().checked_add(timeout));
    let handles: Vec<_> = handles.into_iter().collect();
    let arrivals = Arc::new(Arrivals::default());
    for (index, handle) in handles.iter().enumerate() {
        handle.completion.report_to(&arrivals, index);
    }
    for _ in 0..handles.len() {
        let Some(index) = arrivals.next(deadline) else {
            break;
        };
        let enough = match until {
            WaitFor::FirstCompleted => true,
            WaitFor::FirstFailed => handles[index].completion.is_failed(),
            WaitFor::All => false,
        };
        if enough {
            break;
        }
    }
    let (done, pending): (Vec<_>, Vec<_>) = handles.into_iter().partition(TaskHandle::is_finished);
    for handle in &pending {
        handle.completion.stop_reporting_to(&arrivals);
    }
    Waited { done, pending }
}

/// Returns an iterator over the tasks in the order in which they finish, those that have finished
/// already first. It ends after the last one, and waits for as long as that takes.
///
/// The handles may come from several pools, of both kinds. Dropping the iterator drops, and so
/// detaches, those that it has not returned.
///
/// ```
/// use sandpool::{ThreadPool, as_completed};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let pool = ThreadPool::new(2)?;
/// let handles = (1..=4).map(|n| pool.submit(move || n * n)).collect::<Result<Vec<_>, _>>()?;
/// let mut sum = 0;
/// for handle in as_completed(handles) {
///     sum += handle.join()?;
/// }
/// assert_eq!(sum, 30);
/// # Ok(())
/// # }
/// ```
pub fn as_completed<T>(handles: impl IntoIterator<Item = TaskHandle<T>>) -> AsCompleted<T> {
    let handles: Vec<_> = handles.into_iter().map(Some).collect();
    let arrivals = Arc::new(Arrivals::default());
    for (index, handle) in handles.iter().flatten().enumerate() {
        handle.completion.report_to(&arrivals, index);
    }
    AsCompleted {
        left: handles.len(),
        handles,
        arrivals,
    }
}

/// The iterator of [`as_completed`].
#[derive(Debug)]
pub struct AsCompleted<T> {
    handles: Vec<Option<TaskHandle<T>>>,
    arrivals: Arc<Arrivals>,
    left: usize,
}

impl<T> Iterator for AsCompleted<T> {
    type Item = TaskHandle<T>;

    fn next(&mut self) -> Option<TaskHandle<T>> {
        if self.left == 0 {
            return None;
        }
        self.left -= 1;
        let index = self.arrivals.next(None)?;
        self.handles[index].take()
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.left, Some(self.left))
    }
}

impl<T> ExactSizeIterator for AsCompleted<T> {}
impl<T> std::iter::FusedIterator for AsCompleted<T> {}

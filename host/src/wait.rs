//! Waiting for several tasks at once.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::arrivals::Arrivals;
use crate::handle::TaskHandle;
use crate::task::TaskRef;
use crate::this_worker;

/// What can be waited for in a group: a [`TaskHandle`], a pair of anything and a handle, or a type of
/// yours that has one. It comes back as it went in.
///
/// ```
/// use sandpool::{ThreadPool, as_completed};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let pool = ThreadPool::new(2)?;
/// let mut squares = Vec::new();
/// for n in 1..=3 {
///     squares.push((n, pool.submit(move || n * n)?));
/// }
/// for (n, square) in as_completed(squares) {
///     assert_eq!(square.join()?, n * n);
/// }
/// # Ok(())
/// # }
/// ```
pub trait Awaited {
    /// What the task returns.
    type Output;

    /// Returns the handle to wait for: the same one each time.
    fn handle(&self) -> &TaskHandle<Self::Output>;
}

impl<T> Awaited for TaskHandle<T> {
    type Output = T;

    fn handle(&self) -> &Self {
        self
    }
}

impl<K, T> Awaited for (K, TaskHandle<T>) {
    type Output = T;

    fn handle(&self) -> &TaskHandle<T> {
        &self.1
    }
}

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
pub struct Waited<H> {
    /// The tasks that have finished.
    pub done: Vec<H>,
    /// The tasks that have not.
    pub pending: Vec<H>,
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
pub fn wait<H: Awaited>(
    handles: impl IntoIterator<Item = H>,
    until: WaitFor,
    timeout: Option<Duration>,
) -> Waited<H> {
    let deadline = timeout.and_then(|timeout| Instant::now().checked_add(timeout));
    let handles: Vec<_> = handles.into_iter().collect();
    let arrivals = Arc::new(Arrivals::default());
    for (index, handle) in handles.iter().enumerate() {
        handle.handle().completion().report_to(&arrivals, index);
    }
    let mut helper = Helper::default();
    for _ in 0..handles.len() {
        let tasks = handles[helper.looked_at..]
            .iter()
            .map(|handle| Some(&handle.handle().task));
        let Some(index) = helper.next(&arrivals, tasks, deadline) else {
            break;
        };
        let enough = match until {
            WaitFor::FirstCompleted => true,
            WaitFor::FirstFailed => handles[index].handle().completion().is_failed(),
            WaitFor::All => false,
        };
        if enough {
            break;
        }
    }
    let (done, pending): (Vec<_>, Vec<_>) = handles
        .into_iter()
        .partition(|handle| handle.handle().is_finished());
    for handle in &pending {
        handle.handle().completion().stop_reporting_to(&arrivals);
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
pub fn as_completed<H: Awaited>(handles: impl IntoIterator<Item = H>) -> AsCompleted<H> {
    let mut completed = AsCompleted {
        handles: Vec::new(),
        free: Vec::new(),
        arrivals: Arc::default(),
        left: 0,
        total: 0,
        helper: Helper::default(),
    };
    for handle in handles {
        completed.add(handle);
    }
    completed
}

/// The iterator of [`as_completed`].
pub struct AsCompleted<H> {
    handles: Vec<Option<H>>,
    /// Places of handles that were returned.
    free: Vec<usize>,
    arrivals: Arc<Arrivals>,
    left: usize,
    total: usize,
    helper: Helper,
}

impl<H: Awaited> AsCompleted<H> {
    /// Adds a task. The iterator returns it when it has finished, even if it was at its end before.
    pub fn add(&mut self, handle: H) {
        let index = self.free.pop().unwrap_or(self.handles.len());
        handle
            .handle()
            .completion()
            .report_to(&self.arrivals, index);
        if index == self.handles.len() {
            self.handles.push(Some(handle));
        } else {
            self.handles[index] = Some(handle);
        }
        self.helper.looked_at = self.helper.looked_at.min(index);
        self.left += 1;
        self.total += 1;
    }

    /// Returns the next task that has finished, `None` after the last one. Waits for not longer than
    /// `timeout`; zero does not wait.
    ///
    /// # Errors
    ///
    /// [`NoneCompleted`] if the time ran out. The tasks go on, and the iterator can be asked again.
    pub fn next_timeout(&mut self, timeout: Duration) -> Result<Option<H>, NoneCompleted> {
        self.next_until(Instant::now().checked_add(timeout))
    }

    pub(crate) fn next_until(
        &mut self,
        deadline: Option<Instant>,
    ) -> Result<Option<H>, NoneCompleted> {
        if self.left == 0 {
            return Ok(None);
        }
        let handles = self.handles[self.helper.looked_at..].iter();
        let tasks = handles.map(|handle| handle.as_ref().map(|handle| &handle.handle().task));
        let Some(index) = self.helper.next(&self.arrivals, tasks, deadline) else {
            return Err(NoneCompleted {
                unfinished: self.left,
                total: self.total,
            });
        };
        self.left -= 1;
        self.free.push(index);
        Ok(self.handles[index].take())
    }
}

impl<H> AsCompleted<H> {
    /// Takes out what was not returned.
    pub(crate) fn take_rest(&mut self) -> impl DoubleEndedIterator<Item = H> {
        self.left = 0;
        self.free.clear();
        std::mem::take(&mut self.handles).into_iter().flatten()
    }
}

impl<H: Awaited> Iterator for AsCompleted<H> {
    type Item = H;

    fn next(&mut self) -> Option<H> {
        self.next_until(None)
            .expect("waiting without a deadline ends with a task")
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.left, Some(self.left))
    }
}

impl<H: Awaited> ExactSizeIterator for AsCompleted<H> {}
impl<H: Awaited> std::iter::FusedIterator for AsCompleted<H> {}

impl<H> fmt::Debug for AsCompleted<H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AsCompleted")
            .field("unfinished", &self.left)
            .field("total", &self.total)
            .finish()
    }
}

/// No further task had completed when the time to wait was over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoneCompleted {
    unfinished: usize,
    total: usize,
}

impl NoneCompleted {
    /// Returns how many tasks the iterator has still to return.
    #[must_use]
    pub fn unfinished(&self) -> usize {
        self.unfinished
    }

    /// Returns how many tasks the iterator was given.
    #[must_use]
    pub fn total(&self) -> usize {
        self.total
    }
}

impl fmt::Display for NoneCompleted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} (of {}) tasks unfinished",
            self.unfinished, self.total
        )
    }
}

impl std::error::Error for NoneCompleted {}

/// Waits for arrivals. On a worker it runs tasks of the worker's own pool meanwhile that are in the
/// queue, as [`TaskHandle::join`] does; but not against a deadline, which that could miss.
#[derive(Debug, Default)]
struct Helper {
    /// The tasks before this one are not in a queue any more.
    looked_at: usize,
}

impl Helper {
    /// Waits for the next arrival. `tasks` are those from [`looked_at`](Self::looked_at) on.
    fn next<'a, T: 'a>(
        &mut self,
        arrivals: &Arrivals,
        tasks: impl Iterator<Item = Option<&'a TaskRef<T>>>,
        deadline: Option<Instant>,
    ) -> Option<usize> {
        // Asked each time: an iterator may have come here from another thread.
        if deadline.is_none() && this_worker::is_any() {
            for task in tasks {
                if let Some(index) = arrivals.try_next() {
                    return Some(index);
                }
                self.looked_at += 1;
                if let Some(task) = task {
                    task.help();
                }
            }
        }
        arrivals.next(deadline)
    }
}

//! The results of many tasks, in the order of their inputs.

use crate::error::TaskError;
use crate::handle::TaskHandle;

/// The results of a `map`, in the order of its inputs.
///
/// The tasks run whether or not results are asked for; [`next`](Iterator::next) waits for the one
/// that is due. A task that fails has its error in its place, and the others go on. Dropping the
/// iterator cancels the tasks whose results it has not returned.
#[derive(Debug)]
#[must_use = "dropping it cancels the tasks"]
pub struct Map<T> {
    handles: std::vec::IntoIter<TaskHandle<T>>,
}

impl<T> Map<T> {
    /// Submits a task for every input. After an error, what was submitted is cancelled.
    pub(crate) fn submit<A, E>(
        inputs: impl IntoIterator<Item = A>,
        submit: impl FnMut(A) -> Result<TaskHandle<T>, E>,
    ) -> Result<Self, E> {
        let mut handles = Vec::new();
        let submitted = inputs.into_iter().map(submit).try_for_each(|handle| {
            handles.push(handle?);
            Ok(())
        });
        let map = Self {
            handles: handles.into_iter(),
        };
        submitted.map(|()| map)
    }

    /// Returns the handles of the tasks whose results it has not returned.
    pub(crate) fn handles(&self) -> impl Iterator<Item = &TaskHandle<T>> {
        self.handles.as_slice().iter()
    }
}

impl<T> Iterator for Map<T> {
    type Item = Result<T, TaskError>;

    fn next(&mut self) -> Option<Self::Item> {
        self.handles.next().map(TaskHandle::join)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.handles.size_hint()
    }
}

impl<T> ExactSizeIterator for Map<T> {}
impl<T> std::iter::FusedIterator for Map<T> {}

impl<T> Drop for Map<T> {
    fn drop(&mut self) {
        // From the last: a worker takes the first one next.
        for handle in self.handles.by_ref().rev() {
            handle.cancel();
        }
    }
}

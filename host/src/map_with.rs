//! The results of a `map` with options.

use std::collections::VecDeque;
use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::chunk::{Chunk, Refused};
use crate::completion::Outcome;
use crate::error::{MapError, SubmitError, SubmitErrorKind};
use crate::map_options::ChunkSize;
use crate::progress::{Meter, Pace, Report};
use crate::queue::Patience;
use crate::wait::{AsCompleted, as_completed};

/// Submits a chunk, or gives its inputs back.
pub(crate) trait SubmitChunk<A, T>:
    FnMut(Vec<A>, Patience, Arc<Report>) -> Result<Chunk<T>, Refused<Vec<A>>>
{
}

impl<A, T, F> SubmitChunk<A, T> for F where
    F: FnMut(Vec<A>, Patience, Arc<Report>) -> Result<Chunk<T>, Refused<Vec<A>>>
{
}

/// Where chunks come from.
pub(crate) struct Feed<I: Iterator, S> {
    pub(crate) inputs: I,
    pub(crate) submit: S,
    pub(crate) size: ChunkSize,
    pub(crate) pace: Arc<Pace>,
    pub(crate) meter: Option<Arc<Meter>>,
    /// Inputs that were taken.
    pub(crate) taken: usize,
    /// A chunk for which the queue had no room.
    pub(crate) refused: Option<Vec<I::Item>>,
}

/// What came out of the attempt to submit one more chunk.
enum Fed<T> {
    Chunk(usize, Chunk<T>),
    /// The queue, or the window, has no room for it now.
    NoRoom,
    End,
    Failed(SubmitErrorKind),
}

impl<I: Iterator, S> Feed<I, S> {
    /// Submits the next chunk if `room` permits so many inputs.
    fn feed<T: Send + 'static>(&mut self, room: Room, patience: Patience) -> Fed<T>
    where
        S: SubmitChunk<I::Item, T>,
    {
        let chunk = match self.refused.take() {
            Some(chunk) => chunk,
            None => {
                let size = self.size.next(self.inputs.size_hint().1, room.window);
                if size > room.left {
                    return Fed::NoRoom;
                }
                self.inputs.by_ref().take(size).collect()
            }
        };
        let tasks = chunk.len();
        if tasks == 0 {
            if let Some(meter) = &self.meter {
                meter.set_total(self.taken);
            }
            return Fed::End;
        }
        let report = Report::new(self.meter.clone(), Arc::clone(&self.pace), tasks);
        let report = Arc::new(report);
        match (self.submit)(chunk, patience, Arc::clone(&report)) {
            Ok(handle) => {
                self.taken += tasks;
                if report.is_watched() {
                    handle.on_finish(move |outcome| report.all_ended(outcome.is_err()));
                }
                Fed::Chunk(tasks, handle)
            }
            Err((SubmitErrorKind::QueueFull, chunk)) if matches!(patience, Patience::None) => {
                self.refused = Some(chunk);
                Fed::NoRoom
            }
            Err((kind, _)) => Fed::Failed(kind),
        }
    }
}

/// How many inputs may be taken.
#[derive(Clone, Copy)]
struct Room {
    window: usize,
    left: usize,
}

type BoxedFeed<'i, T> = Box<dyn FnMut(Room, Patience) -> Fed<T> + Send + 'i>;

/// The results of a `map` with [options](crate::MapOptions), in the order of its inputs or as they
/// come.
///
/// A task that fails has its error in its place, and the others go on. Dropping the iterator cancels
/// what has not ended.
#[must_use = "dropping it cancels the tasks"]
pub struct MapWith<'i, T> {
    /// Gone when the inputs are at their end, or are not accepted any more.
    feed: Option<BoxedFeed<'i, T>>,
    failed: Option<SubmitErrorKind>,
    window: Option<usize>,
    /// Inputs that were submitted and whose results were not returned.
    ahead: usize,
    returned: usize,
    chunks: Chunks<T>,
    /// Results of a chunk that has ended.
    ready: std::vec::IntoIter<Outcome<T>>,
    deadline: Option<(Instant, Duration)>,
}

/// Chunks that were submitted, with the numbers of their tasks.
enum Chunks<T> {
    InOrder(VecDeque<(usize, Chunk<T>)>),
    AsCompleted(AsCompleted<(usize, Chunk<T>)>),
}

impl<'i, T: Send + 'static> MapWith<'i, T> {
    pub(crate) fn start<I, S>(
        mut feed: Feed<I, S>,
        window: Option<usize>,
        unordered: bool,
        deadline: Option<(Instant, Duration)>,
    ) -> Result<Self, SubmitError>
    where
        I: Iterator + Send + 'i,
        I::Item: Send + 'i,
        S: SubmitChunk<I::Item, T> + Send + 'i,
    {
        if let (Some(meter), (least, Some(most))) = (&feed.meter, feed.inputs.size_hint())
            && least == most
        {
            meter.set_total(most);
        }
        let mut map = Self {
            feed: Some(Box::new(move |room, patience| feed.feed(room, patience))),
            failed: None,
            window,
            ahead: 0,
            returned: 0,
            chunks: match unordered {
                true => Chunks::AsCompleted(as_completed([])),
                false => Chunks::InOrder(VecDeque::new()),
            },
            ready: Vec::new().into_iter(),
            deadline,
        };
        map.fill();
        match map.failed.take() {
            // That the time is up is for the iterator to say, after the results that there are.
            Some(SubmitErrorKind::QueueFull) if map.deadline.is_some() => {
                map.failed = Some(SubmitErrorKind::QueueFull);
                Ok(map)
            }
            Some(kind) => Err(SubmitError::new(kind, ())),
            None => Ok(map),
        }
    }

    /// Submits what the window permits. Waits for room in the queue only where there is nothing else to
    /// wait for.
    fn fill(&mut self) {
        while let Some(feed) = &mut self.feed {
            let window = self.window.unwrap_or(usize::MAX);
            let room = Room {
                window,
                left: window - self.ahead,
            };
            let patience = match (self.window, self.deadline) {
                (Some(_), _) if self.ahead > 0 => Patience::None,
                (_, Some((deadline, _))) => Patience::Until(deadline),
                (_, None) => Patience::Endless,
            };
            match feed(room, patience) {
                Fed::Chunk(tasks, handle) => {
                    self.ahead += tasks;
                    match &mut self.chunks {
                        Chunks::InOrder(chunks) => chunks.push_back((tasks, handle)),
                        Chunks::AsCompleted(chunks) => chunks.add((tasks, handle)),
                    }
                }
                Fed::NoRoom => return,
                Fed::End => self.feed = None,
                Fed::Failed(kind) => {
                    self.feed = None;
                    self.failed = Some(kind);
                }
            }
        }
    }

    /// Waits for a chunk and takes its outcomes; `None` if there is none, or none in time.
    fn next_chunk(&mut self) -> Option<Vec<Outcome<T>>> {
        let deadline = self.deadline.map(|(deadline, _)| deadline);
        let (tasks, outcome) = match &mut self.chunks {
            Chunks::InOrder(chunks) => {
                let (tasks, handle) = chunks.front()?;
                if deadline.is_none() {
                    handle.task.help();
                }
                let taken = (*tasks, handle.completion().take(deadline)?);
                chunks.pop_front();
                taken
            }
            Chunks::AsCompleted(chunks) => {
                let (tasks, handle) = chunks.next_until(deadline).ok()??;
                // Its callbacks may be looking at it still.
                (tasks, handle.completion().take(deadline)?)
            }
        };
        let outcomes =
            outcome.unwrap_or_else(|error| (0..tasks).map(|_| Err(error.clone())).collect());
        Some(outcomes)
    }
}

impl<T> MapWith<'_, T> {
    /// Cancels what has not ended, and takes no further input.
    fn cancel(&mut self) {
        (self.failed, self.ahead) = (None, 0);
        let ready = std::mem::take(&mut self.ready);
        // From the last: a worker takes the first one next.
        match &mut self.chunks {
            Chunks::InOrder(chunks) => {
                while let Some((_, handle)) = chunks.pop_back() {
                    handle.cancel();
                }
            }
            Chunks::AsCompleted(chunks) => {
                for (_, handle) in chunks.take_rest().rev() {
                    handle.cancel();
                }
            }
        }
        // Last: these are foreign, and may panic.
        drop((self.feed.take(), ready));
    }

    fn time_out(&mut self, limit: Duration) -> Result<T, MapError> {
        self.cancel();
        let returned = self.returned;
        Err(MapError::TimedOut { limit, returned })
    }
}

impl<T: Send + 'static> Iterator for MapWith<'_, T> {
    type Item = Result<T, MapError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.feed.is_some() {
            // Not before a result is returned: taking an input may take long.
            self.fill();
        }
        loop {
            if let Some(outcome) = self.ready.next() {
                self.ahead -= 1;
                self.returned += 1;
                return Some(outcome.map_err(MapError::Task));
            }
            if self.ahead == 0 {
                // Nothing is there to wait for: the inputs are at their end, or were not accepted.
                return match (self.failed.take()?, self.deadline) {
                    (SubmitErrorKind::QueueFull, Some((_, limit))) => Some(self.time_out(limit)),
                    (kind, _) => Some(Err(MapError::NotSubmitted(SubmitError::new(kind, ())))),
                };
            }
            match self.next_chunk() {
                Some(outcomes) => self.ready = outcomes.into_iter(),
                None => {
                    let (_, limit) = self.deadline.expect("only a deadline ends the wait");
                    return Some(self.time_out(limit));
                }
            }
        }
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let failed = usize::from(self.failed.is_some());
        let most = match (&self.feed, self.deadline) {
            (None, None) => Some(self.ahead + failed),
            _ => None,
        };
        (0, most)
    }
}

impl<T: Send + 'static> std::iter::FusedIterator for MapWith<'_, T> {}

impl<T> Drop for MapWith<'_, T> {
    fn drop(&mut self) {
        self.cancel();
    }
}

impl<T> fmt::Debug for MapWith<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MapWith")
            .field("ahead", &self.ahead)
            .field("returned", &self.returned)
            .field("more", &self.feed.is_some())
            .finish()
    }
}

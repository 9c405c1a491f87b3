//! How a `map` goes about its inputs.

use std::fmt;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::error::{SubmitError, SubmitErrorKind};
use crate::map_with::{Feed, MapWith, SubmitChunk};
use crate::progress::{Meter, Pace, Progress};

/// What a `map` does otherwise than [`ThreadPool::map`](crate::ThreadPool::map) and
/// [`ProcessPool::map`](crate::ProcessPool::map): see [`ThreadPool::map_with`](crate::ThreadPool::map_with).
///
/// ```
/// use std::time::Duration;
/// use sandpool::MapOptions;
///
/// let options = MapOptions::new().window(1_000).auto_chunk().timeout(Duration::from_secs(60));
/// ```
#[derive(Default)]
pub struct MapOptions {
    window: Option<usize>,
    chunk: Sizing,
    timeout: Option<Duration>,
    unordered: bool,
    progress: Option<Box<dyn FnMut(Progress) + Send>>,
}

#[derive(Clone, Copy, Debug)]
enum Sizing {
    Fixed(usize),
    Auto,
}

impl Default for Sizing {
    fn default() -> Self {
        Self::Fixed(1)
    }
}

impl MapOptions {
    /// Returns the defaults, which are those of `map`: all inputs are taken at once, each is a task by
    /// itself, results come in the order of the inputs, without a limit in time.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets how many inputs may be taken in advance: at any time, so many inputs at most have been
    /// taken whose results were not returned. Makes inputs without end possible, and bounds what
    /// results take up. Default: any number, all taken at once. Zero is an error.
    ///
    /// After those of the start, inputs are taken and submitted when the iterator is asked for the next
    /// result: where it has to wait for inputs, results wait, too, and where nobody asks, nothing more
    /// is submitted.
    #[must_use]
    #[doc(alias = "buffersize")]
    pub fn window(mut self, inputs: usize) -> Self {
        self.window = Some(inputs);
        self
    }

    /// Sets how many inputs one job of a worker takes: more than one for tasks that are small against
    /// the time that queueing takes. Each task has its own outcome all the same, and in a
    /// [`ProcessPool`](crate::ProcessPool) its own limits and, by default, its own sandbox. Results can
    /// be had when the whole chunk has ended; where a shutdown stops a chunk, the tasks that have ended
    /// keep their outcomes. Not more than the [window](Self::window), which should have room for two
    /// chunks of each worker. The [deadline](crate::Limits::deadline) counts for all tasks of a chunk
    /// from its submission. Default: 1. Zero is an error.
    #[must_use]
    #[doc(alias = "chunksize")]
    pub fn chunk(mut self, inputs: usize) -> Self {
        self.chunk = Sizing::Fixed(inputs);
        self
    }

    /// Lets the library choose the chunks. With a [window](Self::window) it measures how long the
    /// tasks take and makes chunks of about a millisecond; without one, where all is submitted before
    /// anything can be measured, of an eighth of a worker's share of what is left, but not more than
    /// 1024 inputs (and of one where the number of inputs is not known).
    #[must_use]
    pub fn auto_chunk(mut self) -> Self {
        self.chunk = Sizing::Auto;
        self
    }

    /// Sets how long the whole map may take, counted from the call. Past it, the iterator returns
    /// [`MapError::TimedOut`](crate::MapError::TimedOut) where it would have to wait, cancels what has
    /// not ended, and is at its end. Default: without limit. The limit of a task is
    /// [`Limits::timeout`](crate::Limits::timeout).
    ///
    /// On a worker of the same pool, an iterator with a timeout never runs tasks itself while it waits:
    /// that could take longer.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    /// Returns results as they come, instead of in the order of the inputs. To know which is whose,
    /// have the task return it.
    #[must_use]
    #[doc(alias = "imap_unordered")]
    pub fn unordered(mut self) -> Self {
        self.unordered = true;
        self
    }

    /// Has `progress` called when tasks have ended, and when their number is known: one call at a time,
    /// numbers that only grow, chunks or not; where several end meanwhile, one call for all of them. It
    /// is called on the worker that ended the task, or on the thread that cancelled it, before the
    /// task's result can be had: it should be quick, and must not wait for tasks of the map. A panic in
    /// it is reported by the panic hook and has no further effect.
    #[must_use]
    pub fn progress(mut self, progress: impl FnMut(Progress) + Send + 'static) -> Self {
        self.progress = Some(Box::new(progress));
        self
    }

    /// Begins to take inputs.
    pub(crate) fn start<'i, A: Send + 'i, T: Send + 'static>(
        self,
        inputs: impl Iterator<Item = A> + Send + 'i,
        workers: usize,
        submit: impl SubmitChunk<A, T> + Send + 'i,
    ) -> Result<MapWith<'i, T>, SubmitError> {
        if self.window == Some(0) {
            return Err(SubmitError::new(SubmitErrorKind::ZeroWindow, ()));
        }
        let deadline = self
            .timeout
            .and_then(|timeout| Some((Instant::now().checked_add(timeout)?, timeout)));
        let pace = Arc::<Pace>::default();
        let size = match self.chunk {
            Sizing::Fixed(inputs) => match NonZeroUsize::new(inputs) {
                Some(inputs) => ChunkSize::Fixed(inputs.get()),
                None => return Err(SubmitError::new(SubmitErrorKind::ZeroChunk, ())),
            },
            Sizing::Auto if self.window.is_some() => ChunkSize::ByPace {
                pace: Arc::clone(&pace),
                workers,
            },
            Sizing::Auto => ChunkSize::ByNumber { workers },
        };
        let feed = Feed {
            // A chunk that is cut short by the end is not the sign for it: the next, empty one is.
            inputs: inputs.fuse(),
            submit,
            size,
            pace,
            meter: self.progress.map(|callback| Arc::new(Meter::new(callback))),
            taken: 0,
            refused: None,
        };
        MapWith::start(feed, self.window, self.unordered, deadline)
    }
}

/// How many inputs the next chunk has.
pub(crate) enum ChunkSize {
    Fixed(usize),
    ByPace { pace: Arc<Pace>, workers: usize },
    ByNumber { workers: usize },
}

impl ChunkSize {
    /// Returns the size of the next chunk, at least 1: of so many inputs that are `left`, if that is
    /// known, with so many that may be taken in advance.
    pub(crate) fn next(&self, left: Option<usize>, window: usize) -> usize {
        /// So long that queueing and waking do not count; so short that nobody waits for a chunk.
        const TIME: Duration = Duration::from_millis(1);
        /// Bounds what inputs and results of a chunk take up, where tasks take next to no time.
        const MOST_BY_PACE: u128 = 4096;
        /// Not more by number alone: the tasks may be slow ones.
        const MOST_BY_NUMBER: usize = 1024;
        /// So that the last chunks are small against the whole, and workers end together.
        const CHUNKS_PER_WORKER: usize = 8;
        match *self {
            Self::Fixed(inputs) => inputs.min(window),
            Self::ByNumber { workers } => {
                let left = left.unwrap_or(0);
                (left / CHUNKS_PER_WORKER.saturating_mul(workers)).clamp(1, MOST_BY_NUMBER)
            }
            Self::ByPace { ref pace, workers } => {
                let in_time = pace
                    .of_one()
                    .map_or(1, |one| TIME.as_nanos() / one.as_nanos().max(1));
                let in_time = usize::try_from(in_time.min(MOST_BY_PACE)).unwrap_or(1);
                // One that runs and one that waits for each worker.
                let share = left.unwrap_or(usize::MAX).min(window) / workers.saturating_mul(2);
                in_time.min(share).max(1)
            }
        }
    }
}

impl fmt::Debug for MapOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MapOptions")
            .field("window", &self.window)
            .field("chunk", &self.chunk)
            .field("timeout", &self.timeout)
            .field("unordered", &self.unordered)
            .field("progress", &self.progress.is_some())
            .finish()
    }
}

//! What every way of running a task has to do to be measured, and how it is timed.

use std::time::{Duration, Instant};

use anyhow::ensure;
use sandpool::TaskHandle;

use super::Measured;
use crate::record::Measure;

/// A way of running tasks. Every method returns what it took.
pub(super) trait Contender {
    /// Its name in the report, which is also that by which it is asked for its idle workers.
    fn name(&self) -> &'static str;

    /// Runs a task that does nothing.
    fn nothing(&mut self) -> Measured<Duration>;

    /// Runs so many tasks that do nothing, all workers at once.
    fn nothings(&mut self, tasks: usize) -> Measured<Duration>;

    /// Runs a task that does nothing in a worker that is made for it.
    fn fresh(&mut self) -> Measured<Duration>;

    /// Has a task return the so many bytes that it is given.
    fn echo(&mut self, bytes: usize) -> Measured<Duration>;

    /// Stops a task that never ends, and runs another where it was.
    fn stop(&mut self) -> Measured<Duration>;

    /// Runs a task that crashes, and another where it was.
    fn recover(&mut self) -> Measured<Duration>;

    /// What has to be known to read a figure.
    fn remark(&self, measure: Measure) -> Option<String>;
}

/// How long a task that never ends has run before it is stopped: it is well under way by then.
pub(super) const UNDER_WAY: Duration = Duration::from_millis(5);

/// Returns what each of so many runs took, in seconds. One more goes before, unmeasured.
pub(super) fn repeat(
    count: usize,
    mut run: impl FnMut() -> Measured<Duration>,
) -> Measured<Vec<f64>> {
    run()?;
    let seconds = (0..count).map(|_| Ok(run()?.as_secs_f64()));
    seconds.collect()
}

/// Returns what the closure returns, and what that took.
pub(super) fn timed<T>(run: impl FnOnce() -> T) -> (T, Duration) {
    let started = Instant::now();
    let result = run();
    (result, started.elapsed())
}

/// Returns what it took to submit all tasks, and then to join them in turn.
pub(super) fn all<E>(
    submissions: impl Iterator<Item = Result<TaskHandle<()>, E>>,
) -> Measured<Duration>
where
    anyhow::Error: From<E>,
{
    let (result, took) = timed(|| {
        let handles = submissions.collect::<Result<Vec<_>, E>>()?;
        let mut handles = handles.into_iter();
        handles.try_for_each(|handle| anyhow::Ok(handle.join()?))
    });
    result?;
    Ok(took)
}

/// The bytes that are sent around: no two neighbours are alike, so that nothing can be saved.
pub(super) fn payload(bytes: usize) -> Vec<u8> {
    (0..bytes).map(|place| (place % 251) as u8).collect()
}

/// Checks that the bytes came back as they were, as far as their number and their ends tell.
pub(super) fn check(bytes: &[u8], len: usize) -> anyhow::Result<()> {
    let last = len.checked_sub(1).map(|place| (place % 251) as u8);
    ensure!(
        bytes.len() == len && bytes.last().copied() == last,
        "{len} bytes came back as {} others",
        bytes.len()
    );
    Ok(())
}

//! Our sandboxes: with clean memory for every task, and with memory that is used again.

use std::num::NonZeroUsize;
use std::thread;
use std::time::Duration;

use anyhow::{Result, anyhow, ensure};
use probe_tasks::{MODULE, count, crash, echo, nothing, spin};
use sandpool::{Isolation, Limits, ProcessPool, TaskModule};

use super::contender::{Contender, UNDER_WAY, all, check, payload, timed};
use super::{MB, Measured, Unmeasured};
use crate::record::Measure;

pub(super) const FRESH: &str = "sandbox, fresh";
pub(super) const REUSED: &str = "sandbox, reused";

/// How many tasks a sandbox serves that is used again: more than are ever measured.
const MANY: NonZeroUsize = NonZeroUsize::MAX;

/// Room for the largest payload, there and back.
const BYTES: usize = 80 * MB;

pub(super) struct Sandboxes {
    name: &'static str,
    /// One worker, where the next task has to come to the same one.
    single: ProcessPool,
    pool: ProcessPool,
}

impl Sandboxes {
    pub(super) fn fresh(workers: usize) -> Result<Self> {
        Self::new(FRESH, Isolation::Fresh, workers)
    }

    pub(super) fn reused(workers: usize) -> Result<Self> {
        Self::new(REUSED, Isolation::Reuse { tasks: MANY }, workers)
    }

    fn new(name: &'static str, isolation: Isolation, workers: usize) -> Result<Self> {
        let module = TaskModule::new(MODULE)?;
        let limits = Limits::new()
            .memory_bytes(8 * BYTES)
            .argument_bytes(BYTES)
            .result_bytes(BYTES);
        let pool = |workers| {
            let pool = ProcessPool::builder(&module).workers(workers);
            pool.isolation(isolation)
                .reuse_memory_bytes(8 * BYTES)
                .limits(limits.clone())
                .build()
        };
        Ok(Self {
            name,
            single: pool(1)?,
            pool: pool(workers)?,
        })
    }

    /// Has so many workers run a task each, and leaves them idle.
    pub(super) fn wake(&self, workers: usize) -> Result<()> {
        const LONG_ENOUGH_FOR_ALL_TO_HAVE_ONE: u64 = 20_000_000;
        let tasks = (0..workers).map(|_| self.pool.submit(count, LONG_ENOUGH_FOR_ALL_TO_HAVE_ONE));
        for task in tasks.collect::<Vec<_>>() {
            task?.join()?;
        }
        Ok(())
    }
}

impl Contender for Sandboxes {
    fn name(&self) -> &'static str {
        self.name
    }

    fn nothing(&mut self) -> Measured<Duration> {
        let (result, took) = timed(|| anyhow::Ok(self.single.submit(nothing, ())?.join()?));
        result?;
        Ok(took)
    }

    fn nothings(&mut self, tasks: usize) -> Measured<Duration> {
        all((0..tasks).map(|_| self.pool.submit(nothing, ())))
    }

    fn fresh(&mut self) -> Measured<Duration> {
        match self.name {
            FRESH => self.nothing(),
            _ => Err(Unmeasured::Impossible(
                "that is the other row: `sandbox, fresh`",
            )),
        }
    }

    fn echo(&mut self, bytes: usize) -> Measured<Duration> {
        let sent = payload(bytes);
        let (result, took) = timed(|| anyhow::Ok(self.single.submit(echo, sent)?.join()?));
        check(&result?, bytes)?;
        Ok(took)
    }

    fn stop(&mut self) -> Measured<Duration> {
        let endless = self
            .single
            .submit(spin, ())
            .map_err(|error| anyhow!(error))?;
        while !endless.is_running() {
            thread::yield_now();
        }
        thread::sleep(UNDER_WAY);
        let (result, took) = timed(|| {
            let stopped = endless.cancel();
            self.single.submit(nothing, ())?.join()?;
            ensure!(stopped, "the task that never ends has ended by itself");
            anyhow::Ok(())
        });
        result?;
        Ok(took)
    }

    fn recover(&mut self) -> Measured<Duration> {
        let (result, took) = timed(|| {
            let crashed = self.single.submit(crash, ())?;
            self.single.submit(nothing, ())?.join()?;
            ensure!(
                crashed.join().is_err(),
                "the task that crashes has returned"
            );
            anyhow::Ok(())
        });
        result?;
        Ok(took)
    }

    fn remark(&self, _: Measure) -> Option<String> {
        None
    }
}

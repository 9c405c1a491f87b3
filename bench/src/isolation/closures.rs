//! Our threads: closures, which nothing isolates.

use std::hint::black_box;
use std::sync::{Arc, Barrier};
use std::thread;
use std::time::Duration;

use anyhow::{Result, ensure};
use sandpool::ThreadPool;

use super::contender::{Contender, all, check, payload, timed};
use super::{Measured, Unmeasured};
use crate::record::Measure;

pub(super) const NAME: &str = "threads";

pub(super) struct Closures {
    single: ThreadPool,
    pool: ThreadPool,
}

impl Closures {
    pub(super) fn new(workers: usize) -> Result<Self> {
        Ok(Self {
            single: ThreadPool::new(1)?,
            pool: ThreadPool::new(workers)?,
        })
    }

    /// Has so many workers run a closure each, and leaves them idle.
    pub(super) fn wake(&self, workers: usize) -> Result<()> {
        let all = Arc::new(Barrier::new(workers));
        let closures = (0..workers).map(|_| {
            let all = Arc::clone(&all);
            self.pool.submit(move || _ = all.wait())
        });
        for closure in closures.collect::<Vec<_>>() {
            closure?.join()?;
        }
        Ok(())
    }
}

impl Contender for Closures {
    fn name(&self) -> &'static str {
        NAME
    }

    fn nothing(&mut self) -> Measured<Duration> {
        let (result, took) = timed(|| anyhow::Ok(self.single.submit(|| ())?.join()?));
        result?;
        Ok(took)
    }

    fn nothings(&mut self, tasks: usize) -> Measured<Duration> {
        all((0..tasks).map(|_| self.pool.submit(|| ())))
    }

    fn fresh(&mut self) -> Measured<Duration> {
        let (result, took) = timed(|| thread::spawn(|| ()).join());
        ensure_joined(result)?;
        Ok(took)
    }

    fn echo(&mut self, bytes: usize) -> Measured<Duration> {
        let sent = payload(bytes);
        // Moved there, copied as a sandbox would have to, and moved back.
        let copy = move || black_box(&sent).clone();
        let (result, took) = timed(|| anyhow::Ok(self.single.submit(copy)?.join()?));
        check(&result?, bytes)?;
        Ok(took)
    }

    fn stop(&mut self) -> Measured<Duration> {
        Err(Unmeasured::Impossible(
            "never: a closure that runs cannot be stopped",
        ))
    }

    fn recover(&mut self) -> Measured<Duration> {
        let (result, took) = timed(|| {
            let crashed = self
                .single
                .submit(|| std::panic::resume_unwind(Box::new("crash")))?;
            let crashed: sandpool::TaskHandle<()> = crashed;
            self.single.submit(|| ())?.join()?;
            ensure!(
                crashed.join().is_err(),
                "the closure that panics has returned"
            );
            anyhow::Ok(())
        });
        result?;
        Ok(took)
    }

    fn remark(&self, measure: Measure) -> Option<String> {
        let remark = match measure {
            Measure::Recover => "a panic only: a crash ends the whole process",
            Measure::FreshWorker => "a thread for each task",
            Measure::Payload1Kb | Measure::Payload1Mb | Measure::Payload64Mb => {
                "the bytes are copied once, in the same memory"
            }
            _ => return None,
        };
        Some(remark.to_owned())
    }
}

fn ensure_joined(result: thread::Result<()>) -> Result<()> {
    ensure!(result.is_ok(), "a thread panicked");
    Ok(())
}

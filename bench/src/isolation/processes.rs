//! Processes of the operating system: forked, and talked to through pipes.

use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, ensure};

use super::Measured;
use super::child::{Child, Request};
use super::contender::{Contender, UNDER_WAY, check, payload, timed};
use crate::memory;
use crate::record::Measure;

pub(super) const NAME: &str = "OS processes";

pub(super) struct Processes {
    children: Vec<Child>,
    /// What children copy payloads into. Never touched here, so it takes no memory.
    buffer: Vec<u8>,
}

impl Processes {
    /// Forks so many children, which take payloads up to `bytes`.
    pub(super) fn new(workers: usize, bytes: usize) -> Result<Self> {
        let mut buffer = vec![0; bytes];
        let children = (0..workers.max(1)).map(|_| Child::fork(&mut buffer));
        let children = children.collect::<Result<_, _>>();
        Ok(Self {
            children: children.context("processes cannot be forked")?,
            buffer,
        })
    }

    /// What this process and its children take of main memory, once each has answered.
    pub(super) fn bytes(&mut self) -> Result<u64> {
        let mut bytes = memory::proportional_bytes("self")?;
        for child in &mut self.children {
            run(child)?;
            bytes += memory::proportional_bytes(&child.id())?;
        }
        Ok(bytes)
    }

    fn first(&mut self) -> &mut Child {
        &mut self.children[0]
    }

    fn replace_first(&mut self) -> Result<()> {
        let child = Child::fork(&mut self.buffer)?;
        *self.first() = child;
        Ok(())
    }
}

/// Runs a task that does nothing.
fn run(child: &mut Child) -> Result<()> {
    child.request(Request::Echo, b"")?;
    child.answer()?;
    Ok(())
}

impl Contender for Processes {
    fn name(&self) -> &'static str {
        NAME
    }

    fn nothing(&mut self) -> Measured<Duration> {
        let (result, took) = timed(|| run(self.first()));
        result?;
        Ok(took)
    }

    fn nothings(&mut self, tasks: usize) -> Measured<Duration> {
        let share = tasks.div_ceil(self.children.len());
        let (results, took) = timed(|| {
            thread::scope(|scope| {
                let threads = self
                    .children
                    .iter_mut()
                    .map(|child| scope.spawn(move || (0..share).try_for_each(|_| run(child))));
                let threads: Vec<_> = threads.collect();
                let results = threads.into_iter().map(thread::ScopedJoinHandle::join);
                results.collect::<Vec<_>>()
            })
        });
        for result in results {
            result.map_err(|_| anyhow::anyhow!("a thread panicked"))??;
        }
        // They may have been a few more.
        Ok(took.mul_f64(tasks as f64 / (share * self.children.len()) as f64))
    }

    fn fresh(&mut self) -> Measured<Duration> {
        let (result, took) = timed(|| {
            let mut child = Child::fork(&mut self.buffer)?;
            run(&mut child)
        });
        result?;
        Ok(took)
    }

    fn echo(&mut self, bytes: usize) -> Measured<Duration> {
        let sent = payload(bytes);
        let (result, took) = timed(|| {
            self.first().request(Request::Echo, &sent)?;
            self.first().answer()
        });
        check(&result?, bytes)?;
        Ok(took)
    }

    fn stop(&mut self) -> Measured<Duration> {
        self.first().request(Request::Spin, b"")?;
        thread::sleep(UNDER_WAY);
        let (result, took) = timed(|| {
            // The old one is killed, and waited for, when it is replaced.
            self.replace_first()?;
            run(self.first())
        });
        result?;
        Ok(took)
    }

    fn recover(&mut self) -> Measured<Duration> {
        let (result, took) = timed(|| {
            self.first().request(Request::Crash, b"")?;
            ensure!(
                self.first().answer().is_err(),
                "the process that crashes has answered"
            );
            self.replace_first()?;
            run(self.first())
        });
        result?;
        Ok(took)
    }

    fn remark(&self, measure: Measure) -> Option<String> {
        let bytes = memory::resident_bytes().unwrap_or(0) / 1_000_000;
        match measure {
            Measure::FreshWorker => Some(format!(
                "a fork for each task, of a process with {bytes} MB; a larger one takes longer"
            )),
            Measure::StopRunaway | Measure::Recover => Some(format!(
                "a fork, of a process with {bytes} MB; a larger one takes longer"
            )),
            Measure::RoundTrip => {
                Some("by the measuring thread itself, with no queue between".to_owned())
            }
            Measure::Throughput => Some("a thread for each process, one task at a time".to_owned()),
            _ => None,
        }
    }
}

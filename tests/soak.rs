//! The soak test: honest and misbehaving tasks for a long time, and nothing may wear out.
//!
//! One pool runs honest tasks from the first minute to the last. Beside it pools of another module come and
//! go, with one setting after the other, and a tenth of their tasks misbehave; and modules are loaded that
//! have to be refused. Every outcome is compared with what it has to be. Once a minute, when the pools of
//! a generation are gone, the process is measured.
//!
//! Both pools have as many tasks, one after the other, so the throughput of all is twice that of either.

mod cast;
mod generation;
mod readings;

use std::time::{Duration, Instant};

use sandpool::{Limits, ProcessPool};

use crate::fault_module;
use cast::{Check, honest};
use generation::Generation;
use readings::{Readings, Window};

/// What is wrong.
pub type Violation = String;

/// How long it goes on, and with what.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    /// How many minutes at least.
    pub minutes: u64,
    /// How many tasks at least.
    pub tasks: u64,
    /// How many tasks a generation of pools serves, at least.
    pub generation: u64,
    /// What decides which task comes next.
    pub seed: u64,
}

/// How many tasks each pool is given before their outcomes are looked at.
const BATCH: usize = 256;

/// Runs until both the time is over and the tasks are done. `told` is given a line for each minute.
///
/// # Errors
///
/// What was wrong: an outcome, statistics that do not add up, or a process that has grown.
pub fn run(plan: Plan, mut told: impl FnMut(&str)) -> Result<String, Violation> {
    const MINUTE: Duration = Duration::from_secs(60);
    let started = Instant::now();
    let pool = ProcessPool::builder(fault_module())
        .workers(1)
        .limits(Limits::new().memory_bytes(64 << 20))
        .build()
        .map_err(|error| error.to_string())?;
    let mut random = crate::random::Random::new(&[plan.seed]);
    let (mut number, mut tasks, mut refused, mut misbehaved) = (0, 0_u64, 0_u64, 0_u64);
    let mut windows: Vec<Window> = Vec::new();
    let mut last = Readings::now(tasks);
    while started.elapsed() < MINUTE * plan.minutes as u32 || tasks < plan.tasks {
        refused += cast::refuse(&mut random)?;
        let generation = Generation::new(number)?;
        number += 1;
        let (begin, end) = (tasks, tasks + plan.generation);
        let misbehaved_before = misbehaved;
        while tasks < end {
            let mut checks: Vec<Check> = Vec::with_capacity(2 * BATCH);
            for place in 0..BATCH {
                checks.push(honest(&pool, &mut random)?);
                checks.push(match place % 10 {
                    9 => {
                        misbehaved += 1;
                        generation.misbehaving(&mut random)?
                    }
                    _ => generation.honest(&mut random)?,
                });
            }
            tasks += checks.len() as u64;
            checks.into_iter().try_for_each(|check| check())?;
        }
        generation.end((tasks - begin) / 2, misbehaved - misbehaved_before)?;
        let now = Readings::now(tasks);
        if now.at - last.at >= MINUTE {
            let window = Window::between(&last, &now);
            told(&format!("{:>4} s: {window}", started.elapsed().as_secs()));
            windows.push(window);
            last = now;
        }
    }
    pool.shutdown(sandpool::Shutdown::Finish);
    generation::check_stats("the honest pool", &[pool.stats()], tasks / 2, 0)?;
    let verdict = readings::compare(&windows)?;
    Ok(format!(
        "{tasks} tasks in {:.0} s, {misbehaved} of them misbehaving, in {number} generations of pools, {refused} modules refused; {verdict}",
        started.elapsed().as_secs_f64()
    ))
}

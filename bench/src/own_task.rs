//! The user's own task: what it costs with clean memory and with used memory, by one worker and more.

use std::num::NonZeroUsize;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use sandpool::{Isolation, Limits, ProcessPool, TaskModule};

use crate::memory;
use crate::progress::{Progress, Step};
use crate::record::{OwnTask, TaskIsolation, TaskSeries};
use crate::statistics::quantile;

/// What is to be measured.
#[derive(Clone, Debug)]
pub struct Plan<'a> {
    /// The file that the module came from, and its bytes.
    pub file: &'a Path,
    /// The module's size in bytes.
    pub module_bytes: u64,
    /// The module.
    pub module: &'a TaskModule,
    /// What it took to load it.
    pub load: Duration,
    /// The name of the task.
    pub task: &'a str,
    /// The arguments, as JSON.
    pub arguments: &'a str,
    /// The numbers of workers.
    pub workers: Vec<usize>,
    /// What each call may take.
    pub limits: Limits,
    /// How long each isolation is measured with each number of workers, about.
    pub time: Duration,
}

/// How many turns each combination has: a slow moment of the machine does not hit one of them alone.
const ROUNDS: usize = 5;

/// The fewest and the most calls of a turn.
const CALLS: (usize, usize) = (5, 20_000);

/// How much of the arguments is in the record.
const SHOWN: usize = 200;

/// Measures the task.
///
/// # Errors
///
/// A pool cannot be built, or a call fails.
pub fn run(plan: &Plan<'_>, progress: Progress<'_>) -> Result<OwnTask> {
    let isolations = [
        (TaskIsolation::Fresh, Isolation::Fresh),
        (
            TaskIsolation::Reuse,
            Isolation::Reuse {
                tasks: NonZeroUsize::MAX,
            },
        ),
    ];
    let mut benches = Vec::new();
    for &workers in &plan.workers {
        for (name, isolation) in isolations {
            benches.push(Bench::new(plan, workers, name, isolation)?);
        }
    }
    let steps = ROUNDS * benches.len();
    for round in 0..ROUNDS {
        for (number, bench) in benches.iter_mut().enumerate() {
            progress(Step {
                section: "your task",
                done: round * plan.workers.len() * isolations.len() + number,
                of: steps,
                what: plan.task,
            });
            bench.turn(plan)?;
        }
    }
    let mut arguments: String = plan.arguments.chars().take(SHOWN).collect();
    if arguments.len() < plan.arguments.len() {
        arguments.push('…');
    }
    Ok(OwnTask {
        module: plan.file.display().to_string(),
        module_bytes: plan.module_bytes,
        load_seconds: plan.load.as_secs_f64(),
        task: plan.task.to_owned(),
        arguments,
        series: benches.into_iter().map(Bench::series).collect(),
    })
}

/// One isolation with one number of workers.
struct Bench {
    isolation: TaskIsolation,
    pool: ProcessPool,
    workers: usize,
    /// How many calls each worker has in a turn.
    calls: usize,
    latencies: Vec<f64>,
    took: Duration,
    /// By how much the process grew while the pool was made and called for the first time.
    first_bytes: Option<u64>,
    /// By how much more, at most, in a turn.
    more_bytes: u64,
}

/// By how much the resident memory of this process grows at most.
struct Growth(Option<u64>);

impl Growth {
    fn begin() -> Self {
        let now = memory::forget_the_peak().and_then(|()| memory::resident_bytes());
        Self(now.ok())
    }

    /// Returns the growth in bytes; `None` where the system does not tell.
    fn end(self) -> Option<u64> {
        let peak = memory::peak_bytes().ok()?;
        Some(peak.saturating_sub(self.0?))
    }
}

impl Bench {
    fn new(
        plan: &Plan<'_>,
        workers: usize,
        name: TaskIsolation,
        isolation: Isolation,
    ) -> Result<Self> {
        ensure!(workers > 0, "a pool has at least one worker");
        let memory = Growth::begin();
        let pool = ProcessPool::builder(plan.module)
            .workers(workers)
            .isolation(isolation)
            .limits(plan.limits.clone())
            .build()?;
        let mut bench = Self {
            isolation: name,
            pool,
            workers,
            calls: 1,
            latencies: Vec::new(),
            took: Duration::ZERO,
            first_bytes: None,
            more_bytes: 0,
        };
        // The first call of all pays for what later ones find; the second tells how many fit the time.
        bench.call(plan)?;
        let call = bench.call(plan)?.max(Duration::from_nanos(1));
        let calls = plan.time.as_secs_f64() / ROUNDS as f64 / call.as_secs_f64();
        bench.calls = (calls as usize).clamp(CALLS.0, CALLS.1);
        bench.first_bytes = memory.end();
        Ok(bench)
    }

    fn call(&self, plan: &Plan<'_>) -> Result<Duration> {
        let started = Instant::now();
        self.pool.submit_json(plan.task, plan.arguments)?.join()?;
        Ok(started.elapsed())
    }

    /// Has as many callers as workers call the task one time after the other.
    fn turn(&mut self, plan: &Plan<'_>) -> Result<()> {
        let memory = Growth::begin();
        let started = Instant::now();
        let latencies = thread::scope(|scope| {
            let this = &*self;
            let callers = (0..self.workers).map(|_| {
                scope.spawn(move || {
                    (0..this.calls)
                        .map(|_| this.call(plan))
                        .collect::<Result<Vec<_>>>()
                })
            });
            let callers: Vec<_> = callers.collect();
            let results = callers
                .into_iter()
                .map(|caller| caller.join().expect("a caller does not panic"));
            results.collect::<Result<Vec<_>>>()
        })?;
        self.took += started.elapsed();
        self.latencies
            .extend(latencies.iter().flatten().map(Duration::as_secs_f64));
        self.more_bytes = self.more_bytes.max(memory.end().unwrap_or(0));
        Ok(())
    }

    fn series(mut self) -> TaskSeries {
        self.latencies.sort_by(f64::total_cmp);
        let percentiles =
            (0..=100).map(|percent| quantile(&self.latencies, f64::from(percent) / 100.0));
        TaskSeries {
            isolation: self.isolation,
            workers: self.workers,
            calls: self.latencies.len(),
            seconds: self.took.as_secs_f64(),
            percentiles: percentiles.collect(),
            memory_bytes: self.first_bytes.map(|first| first + self.more_bytes),
        }
    }
}

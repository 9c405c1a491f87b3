//! The kernels, measured: every one as a function call, as closures on threads and as tasks in
//! sandboxes. A round runs each of them once in each place, so that a slow moment of the machine hits
//! what is compared alike.

use std::hint::black_box;
use std::iter;
use std::time::Instant;

use anyhow::{Context, Result, ensure};
use kernel_tasks::{ALL, Kernel};
use sandpool::{ProcessPool, TaskModule, ThreadPool};

use crate::Part;
use crate::progress::{Progress, Step};
use crate::record::{KernelRun, Kernels, Place, Series};

/// What is to be measured.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The names of the kernels; all of them if there are none.
    pub kernels: Vec<String>,
    /// The numbers of workers. 1 is among them, whether it is named or not.
    pub workers: Vec<usize>,
    /// How many rounds are measured.
    pub rounds: usize,
    /// This program: see [`crate::part()`].
    pub part: Part,
}

/// How many rounds a process has. Where its memory lies decides about some percent of a kernel's time, so
/// a run has rounds in several processes.
const ROUNDS_OF_A_PROCESS: usize = 3;

/// The names of all kernels.
fn names() -> impl Iterator<Item = &'static str> {
    ALL.iter().map(|kernel| kernel.name)
}

/// Runs the kernels, a few rounds in each of several processes.
///
/// # Errors
///
/// A kernel of this name does not exist; a pool cannot be built; a task fails; a kernel returned
/// something else in one place than as a function call.
pub fn run(plan: &Plan, progress: Progress<'_>) -> Result<Kernels> {
    let kernels: Vec<&str> = chosen(&plan.kernels)?
        .iter()
        .map(|kernel| kernel.name)
        .collect();
    let mut workers: Vec<usize> = iter::once(1).chain(plan.workers.iter().copied()).collect();
    workers.sort_unstable();
    workers.dedup();
    let at_once: Vec<String> = workers.iter().map(ToString::to_string).collect();
    let at_once = at_once.join(",");
    let mut all: Option<Kernels> = None;
    let mut done = 0;
    while done < plan.rounds {
        progress(Step {
            section: "kernels",
            done,
            of: plan.rounds,
            what: "natively, on threads, in sandboxes",
        });
        let rounds = ROUNDS_OF_A_PROCESS.min(plan.rounds - done);
        let (output, _) =
            plan.part
                .run(&["kernels", &rounds.to_string(), &at_once, &kernels.join(",")])?;
        let more: Kernels = serde_json::from_str(&output)
            .context("a process with kernels printed something else")?;
        match &mut all {
            None => all = Some(more),
            Some(all) => append(all, more)?,
        }
        done += rounds;
    }
    all.context("no rounds are to be measured")
}

/// Adds the rounds of another process.
fn append(all: &mut Kernels, more: Kernels) -> Result<()> {
    all.rounds += more.rounds;
    for (run, more) in all.runs.iter_mut().zip(more.runs) {
        ensure!(
            run.checksum == more.checksum,
            "{} returned {:#018x} in one process, and {:#018x} in another",
            run.kernel,
            run.checksum,
            more.checksum
        );
        for (series, more) in run.series.iter_mut().zip(more.series) {
            series.seconds.extend(more.seconds);
        }
    }
    Ok(())
}

/// Prints so many rounds in this process, of these kernels with these numbers of workers.
pub(crate) fn print_rounds(rounds: usize, workers: &str, kernels: &str) -> Result<()> {
    let workers = workers
        .split(',')
        .map(str::parse)
        .collect::<Result<Vec<usize>, _>>()?;
    let kernels: Vec<String> = kernels.split(',').map(str::to_owned).collect();
    let measured = rounds_of(&chosen(&kernels)?, workers, rounds)?;
    println!("{}", serde_json::to_string(&measured)?);
    Ok(())
}

/// Runs so many rounds after one that is not measured: it warms caches and memory up.
fn rounds_of(kernels: &[&'static Kernel], workers: Vec<usize>, rounds: usize) -> Result<Kernels> {
    let module = TaskModule::new(kernel_tasks::MODULE)?;
    let mut stages = vec![Stage::native()];
    for &workers in &workers {
        stages.push(Stage::threads(workers)?);
        stages.push(Stage::sandbox(&module, workers)?);
    }
    let runs = kernels.iter().map(|kernel| unmeasured(kernel, &stages));
    let mut runs: Vec<KernelRun> = runs.collect();
    for round in 0..=rounds {
        for (kernel, run) in kernels.iter().zip(&mut runs) {
            // Another place is the first in every round.
            for place in 0..stages.len() {
                let place = (place + round) % stages.len();
                let seconds = stages[place].time(kernel, run.checksum)?;
                if round > 0 {
                    run.series[place].seconds.push(seconds);
                }
            }
        }
    }
    Ok(Kernels {
        workers,
        rounds,
        rounds_of_a_process: ROUNDS_OF_A_PROCESS,
        runs,
    })
}

fn chosen(wanted: &[String]) -> Result<Vec<&'static Kernel>> {
    for name in wanted {
        ensure!(
            names().any(|kernel| kernel == name),
            "there is no kernel `{name}`; there are {}",
            names().collect::<Vec<_>>().join(", ")
        );
    }
    let is_wanted =
        |kernel: &&Kernel| wanted.is_empty() || wanted.iter().any(|name| name == kernel.name);
    Ok(ALL.iter().filter(is_wanted).collect())
}

fn unmeasured(kernel: &Kernel, stages: &[Stage]) -> KernelRun {
    let series = stages.iter().map(|stage| Series {
        place: stage.place(),
        workers: stage.workers,
        tasks: stage.workers,
        seconds: Vec::new(),
    });
    KernelRun {
        kernel: kernel.name.to_owned(),
        size: kernel.amount.to_owned(),
        why: kernel.why.to_owned(),
        checksum: (kernel.native)(kernel.size),
        series: series.collect(),
    }
}

/// Where kernels run, and by how many workers at once.
struct Stage {
    workers: usize,
    pool: Pool,
}

enum Pool {
    None,
    Threads(ThreadPool),
    Sandbox(ProcessPool),
}

impl Stage {
    fn native() -> Self {
        Self {
            workers: 1,
            pool: Pool::None,
        }
    }

    fn threads(workers: usize) -> Result<Self> {
        let pool = Pool::Threads(ThreadPool::new(workers)?);
        Ok(Self { workers, pool })
    }

    fn sandbox(module: &TaskModule, workers: usize) -> Result<Self> {
        let pool = ProcessPool::builder(module).workers(workers).build()?;
        Ok(Self {
            workers,
            pool: Pool::Sandbox(pool),
        })
    }

    fn place(&self) -> Place {
        match self.pool {
            Pool::None => Place::Native,
            Pool::Threads(_) => Place::Threads,
            Pool::Sandbox(_) => Place::Sandbox,
        }
    }

    /// Runs the kernel once on every worker, and returns how many seconds that took.
    fn time(&self, kernel: &'static Kernel, checksum: u64) -> Result<f64> {
        let started = Instant::now();
        let results = self.run(kernel);
        let seconds = started.elapsed().as_secs_f64();
        let place = self.place();
        for result in results.with_context(|| format!("{} as {place:?} failed", kernel.name))? {
            ensure!(
                result == checksum,
                "{} returned {result:#018x} as {place:?}, and {checksum:#018x} as a function call: one of them is wrong",
                kernel.name
            );
        }
        Ok(seconds)
    }

    fn run(&self, kernel: &'static Kernel) -> Result<Vec<u64>> {
        let native = || (kernel.native)(black_box(kernel.size));
        match &self.pool {
            Pool::None => Ok(vec![native()]),
            Pool::Threads(pool) => {
                let handles = (0..self.workers).map(|_| pool.submit(native));
                let handles = handles.collect::<Result<Vec<_>, _>>()?;
                let results = handles.into_iter().map(|handle| Ok(handle.join()?));
                results.collect()
            }
            Pool::Sandbox(pool) => {
                let size = kernel.size.to_string();
                let handles = (0..self.workers).map(|_| pool.submit_json(kernel.name, &*size));
                let handles = handles.collect::<Result<Vec<_>, _>>()?;
                let results = handles
                    .into_iter()
                    .map(|handle| Ok(handle.join()?.parse()?));
                results.collect()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Pool, Stage, chosen};
    use kernel_tasks::Kernel;

    #[test]
    fn an_unknown_kernel_is_refused_and_the_known_ones_are_named() {
        let error = chosen(&["sive".to_owned()]).expect_err("there is none");
        let error = error.to_string();
        assert!(error.starts_with("there is no kernel `sive`; there are "));
        assert!(error.contains("sieve"), "{error}");
    }

    #[test]
    fn a_kernel_that_returns_something_else_fails_the_run() {
        static WRONG: Kernel = Kernel {
            name: "wrong",
            size: 3,
            amount: "3 numbers",
            why: "to see it fail",
            native: |size| u64::from(size) + 1,
        };
        let stage = Stage {
            workers: 1,
            pool: Pool::None,
        };
        assert!(stage.time(&WRONG, 4).is_ok());
        let error = stage.time(&WRONG, 5).expect_err("it returns 4");
        assert!(error.to_string().contains("one of them is wrong"));
    }
}

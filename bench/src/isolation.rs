//! What isolation costs: the same small tasks in sandboxes, on threads, in processes of the operating
//! system, and in other programs that do the like.

#[cfg(target_os = "linux")]
mod child;
mod closures;
mod contender;
mod idle;
#[cfg(target_os = "linux")]
mod processes;
mod program;
mod sandboxes;

use std::path::PathBuf;

use anyhow::Result;

use self::contender::Contender;
use crate::Part;
use crate::progress::{Progress, Step};
use crate::record::{Figure, Isolation, Measure, Peer};

pub(crate) use self::idle::print_idle_worker;

/// What is to be measured.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Whether a first impression is enough.
    pub quick: bool,
    /// How many workers work at the throughput.
    pub workers: usize,
    /// This program and the arguments with which it calls [`part`](crate::part()). An idle worker is
    /// measured in a process in which nothing else has happened.
    pub part: Part,
    /// The Python interpreter to measure executors of, if they are wanted.
    pub python: Option<PathBuf>,
    /// Programs that measure others, and print what [`Peer`]s they have as lines of JSON.
    pub programs: Vec<PathBuf>,
}

/// How often something is measured.
#[derive(Clone, Copy, Debug)]
struct Counts {
    rounds: usize,
    latencies: usize,
    throughput: usize,
    large: usize,
    rare: usize,
}

impl Counts {
    const FULL: Self = Self {
        rounds: 7,
        latencies: 100,
        throughput: 100_000,
        large: 2,
        rare: 10,
    };
    const QUICK: Self = Self {
        rounds: 3,
        latencies: 50,
        throughput: 10_000,
        large: 1,
        rare: 3,
    };
}

fn counts(quick: bool) -> Counts {
    if quick { Counts::QUICK } else { Counts::FULL }
}

const KB: usize = 1_000;
const MB: usize = 1_000_000;

/// Measures our own pools, then the others that are wanted.
///
/// # Errors
///
/// A pool cannot be built, or a task ends otherwise than it has to. A peer that cannot be measured is
/// no error: the record says why.
pub fn run(plan: &Plan, progress: Progress<'_>) -> Result<Isolation> {
    let executors = plan
        .python
        .iter()
        .flat_map(|python| program::EXECUTORS.map(|executor| (python, executor)));
    let mut steps = Steps {
        progress,
        done: 0,
        of: counts(plan.quick).rounds + 1 + executors.clone().count() + plan.programs.len(),
    };
    let ours: [Make; 3] = [
        &|| Ok(Box::new(sandboxes::Sandboxes::fresh(plan.workers)?)),
        &|| Ok(Box::new(sandboxes::Sandboxes::reused(plan.workers)?)),
        &|| Ok(Box::new(closures::Closures::new(plan.workers)?)),
    ];
    let mut peers = measure(&ours, plan.quick, &plan.part, |round| steps.begin(round))?;
    if cfg!(target_os = "linux") {
        steps.begin("OS processes");
        peers.push(program::os_processes(&plan.part, plan.quick, plan.workers)?);
    }
    for (python, executor) in executors {
        steps.begin(executor);
        peers.push(program::python(python, executor, plan.quick, plan.workers));
    }
    for program in &plan.programs {
        steps.begin(&program.display().to_string());
        peers.extend(program::other(program, plan.quick, plan.workers));
    }
    Ok(Isolation {
        workers: plan.workers,
        peers,
    })
}

/// Prints what is measured of processes of the operating system, as a peer program does. In a process of its
/// own: a fork copies the tables of all the memory that there is, and here there is little.
pub(crate) fn print_os_processes(quick: bool, workers: usize, part: &Part) -> Result<()> {
    #[cfg(target_os = "linux")]
    {
        let processes: Make = &|| Ok(Box::new(processes::Processes::new(workers, 64 * MB)?));
        for peer in measure(&[processes], quick, part, |_| ())? {
            println!("{}", serde_json::to_string(&peer)?);
        }
        Ok(())
    }
    #[cfg(not(target_os = "linux"))]
    {
        _ = (quick, workers, part);
        anyhow::bail!("processes are forked on Linux only")
    }
}

/// Makes a contender.
type Make<'a> = &'a dyn Fn() -> Result<Box<dyn Contender>>;

/// Measures the contenders by turns. Each is made anew for each round: on which processors its threads have
/// come to lie decides about more than anything else.
fn measure(
    makers: &[Make<'_>],
    quick: bool,
    part: &Part,
    mut begin: impl FnMut(&str),
) -> Result<Vec<Peer>> {
    let counts = counts(quick);
    let mut peers: Vec<Option<Peer>> = makers.iter().map(|_| None).collect();
    for round in 0..counts.rounds {
        begin(&format!("round {}", round + 1));
        for (make, peer) in makers.iter().zip(&mut peers) {
            let mut contender = make()?;
            let peer = peer.get_or_insert_with(|| unmeasured(&*contender));
            for figure in &mut peer.figures {
                match measured(&mut *contender, figure.measure, counts, part) {
                    Ok(values) => {
                        figure.values.extend(values);
                        figure.rounds += 1;
                        figure.remark = contender.remark(figure.measure);
                    }
                    Err(Unmeasured::Impossible(why)) => figure.remark = Some(why.to_owned()),
                    Err(Unmeasured::Failed(error)) => return Err(error),
                }
            }
        }
    }
    Ok(peers.into_iter().flatten().collect())
}

struct Steps<'a> {
    progress: Progress<'a>,
    done: usize,
    of: usize,
}

impl Steps<'_> {
    fn begin(&mut self, what: &str) {
        (self.progress)(Step {
            section: "isolation",
            done: self.done,
            of: self.of,
            what,
        });
        self.done += 1;
    }
}

fn unmeasured(contender: &dyn Contender) -> Peer {
    let figures = Measure::ALL.map(|measure| Figure {
        measure,
        values: Vec::new(),
        rounds: 0,
        remark: None,
    });
    Peer {
        name: contender.name().to_owned(),
        version: None,
        figures: figures.to_vec(),
        missing: None,
    }
}

/// Why there is no value.
#[derive(Debug)]
enum Unmeasured {
    /// It cannot be done in this way at all.
    Impossible(&'static str),
    /// It can, but something went wrong.
    Failed(anyhow::Error),
}

impl<E: Into<anyhow::Error>> From<E> for Unmeasured {
    fn from(error: E) -> Self {
        Self::Failed(error.into())
    }
}

type Measured<T> = Result<T, Unmeasured>;

fn measured(
    contender: &mut dyn Contender,
    measure: Measure,
    counts: Counts,
    part: &Part,
) -> Measured<Vec<f64>> {
    let (count, bytes) = match measure {
        Measure::RoundTrip => return contender::repeat(counts.latencies, || contender.nothing()),
        Measure::FreshWorker => return contender::repeat(counts.rare, || contender.fresh()),
        Measure::StopRunaway => return contender::repeat(counts.rare, || contender.stop()),
        Measure::Recover => return contender::repeat(counts.rare, || contender.recover()),
        Measure::Throughput => {
            let took = contender.nothings(counts.throughput)?;
            return Ok(vec![counts.throughput as f64 / took.as_secs_f64()]);
        }
        Measure::IdleWorker => {
            return idle::measure(part, contender.name());
        }
        Measure::Payload1Kb => (counts.latencies, KB),
        Measure::Payload1Mb => (counts.rare, MB),
        Measure::Payload64Mb => (counts.large, 64 * MB),
    };
    contender::repeat(count, || contender.echo(bytes))
}

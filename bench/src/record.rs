//! What a run of the benchmarks found, as it is kept in a file of JSON: numbers and where they come
//! from. Nothing is rounded or summed up here; tables, pictures and comparisons derive what they show.

use serde::{Deserialize, Serialize};

/// The version of the file's layout that this program reads and writes.
pub const FORMAT: u32 = 1;

/// A run of the benchmarks.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// The version of this layout: [`FORMAT`].
    pub format: u32,
    /// What was typed.
    pub command: String,
    /// When the run began: RFC 3339, in UTC.
    pub started: String,
    /// Where it ran, and of what it was made.
    pub machine: Machine,
    /// Whether it took fewer rounds, for a first impression.
    pub quick: bool,
    /// The kernels, if they ran.
    pub kernels: Option<Kernels>,
    /// What isolation costs, if that was measured.
    pub isolation: Option<Isolation>,
    /// The two programs of the founding note, if they ran.
    pub note: Option<Note>,
    /// The user's own task, if that is what was measured.
    pub task: Option<OwnTask>,
}

/// The machine and the versions.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Machine {
    /// The processor's own name.
    pub cpu: String,
    /// How many threads can run at once.
    pub processors: usize,
    /// The main memory in bytes.
    pub memory_bytes: u64,
    /// The operating system and its version.
    pub os: String,
    /// The version of sandpool.
    pub sandpool: String,
    /// The engine and its version.
    pub engine: String,
    /// The compiler that built this program.
    pub rustc: String,
    /// The profile this program was built with: `release` or `debug`.
    pub profile: String,
}

/// The kernels: the same function natively and in sandboxes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Kernels {
    /// The numbers of workers that were tried, ascending; the first is 1.
    pub workers: Vec<usize>,
    /// How many rounds were measured. Every round runs every kernel in every place once.
    pub rounds: usize,
    /// How many of them are of one process; the last process may have fewer.
    pub rounds_of_a_process: usize,
    /// The kernels in the order in which they ran.
    pub runs: Vec<KernelRun>,
}

/// One kernel.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct KernelRun {
    /// Its name, which is the task's.
    pub kernel: String,
    /// How much it works on, in words: `1,000,000 numbers`.
    pub size: String,
    /// Why it is among them, in a line.
    pub why: String,
    /// What it returned everywhere.
    pub checksum: u64,
    /// The times: one series for every place and number of workers.
    pub series: Vec<Series>,
}

/// The times of one kernel in one place.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Series {
    /// Where it ran.
    pub place: Place,
    /// How many workers had a task at once.
    pub workers: usize,
    /// How many tasks one measurement is of.
    pub tasks: usize,
    /// What all these tasks together took, in seconds; one entry a round, in the order of the rounds.
    pub seconds: Vec<f64>,
}

/// Where a kernel runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Place {
    /// A function call on the measuring thread.
    Native,
    /// A closure on a `ThreadPool`.
    Threads,
    /// A task in a `ProcessPool`, in a fresh instance.
    Sandbox,
}

/// What isolation costs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Isolation {
    /// How many workers the pools had where it matters.
    pub workers: usize,
    /// Ours first, then the others.
    pub peers: Vec<Peer>,
}

/// One way to run a task.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Peer {
    /// Its name: `sandbox, fresh`, `threads`, `OS processes`, `loky`.
    pub name: String,
    /// Its version, where it has one of its own.
    pub version: Option<String>,
    /// What was measured.
    #[serde(default)]
    pub figures: Vec<Figure>,
    /// Why there are no figures, and what to do to have some.
    pub missing: Option<String>,
}

/// One figure of a peer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Figure {
    /// What it is.
    pub measure: Measure,
    /// Every measured value, in the unit of the measure. Empty if there is none: see `remark`.
    pub values: Vec<f64>,
    /// How many rounds the values are of, as many of each, in their order; 0 where all are of one.
    #[serde(default)]
    pub rounds: usize,
    /// What has to be known to read the figure, or why there is none.
    pub remark: Option<String>,
}

/// What is measured of a peer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Measure {
    /// From submitting a task that does nothing to its result, one at a time; seconds.
    RoundTrip,
    /// Tasks that do nothing, all submitted before the first result is looked at; tasks per second.
    Throughput,
    /// As the round trip, in a worker that has run nothing before; seconds.
    FreshWorker,
    /// 1,000 bytes there and back; seconds.
    Payload1Kb,
    /// 1,000,000 bytes there and back; seconds.
    Payload1Mb,
    /// 64,000,000 bytes there and back; seconds.
    Payload64Mb,
    /// What another idle worker takes of main memory; bytes.
    IdleWorker,
    /// From the request to stop a task that never ends to the result of the next one in its place; seconds.
    StopRunaway,
    /// From submitting a task that crashes its worker to the result of the next one; seconds.
    Recover,
}

/// The two programs of the note this project began with, in Python and in Rust.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Note {
    /// The programs.
    pub programs: Vec<Program>,
}

/// A program in two languages.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Program {
    /// What it does, in a line.
    pub name: String,
    /// With this library.
    pub ours: Side,
    /// With Python's `concurrent.futures`; none if there is no interpreter.
    pub python: Option<Side>,
    /// Why there is no Python side, and what to do.
    pub missing: Option<String>,
}

/// One of the two.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Side {
    /// The interpreter or the library, and its version.
    pub version: String,
    /// What the whole program took, in seconds; one entry a run.
    pub seconds: Vec<f64>,
    /// What it printed, line by line. Sorted where the order is one of completion.
    pub lines: Vec<String>,
}

/// The user's own task.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct OwnTask {
    /// The file of the module.
    pub module: String,
    /// The size of the module, in bytes.
    pub module_bytes: u64,
    /// What it took to load and compile the module, in seconds.
    pub load_seconds: f64,
    /// The name of the task.
    pub task: String,
    /// The arguments as JSON, cut if they are long.
    pub arguments: String,
    /// One for each isolation and number of workers.
    pub series: Vec<TaskSeries>,
}

/// Calls of the user's task under one isolation, by one number of workers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TaskSeries {
    /// What is cleaned between calls.
    pub isolation: TaskIsolation,
    /// How many workers there were; as many calls were under way at any time.
    pub workers: usize,
    /// How many calls were measured.
    pub calls: usize,
    /// What all of them together took, in seconds.
    pub seconds: f64,
    /// From submitting a call to its result, in seconds: the smallest, each percentile, the largest. 101 values.
    pub percentiles: Vec<f64>,
    /// By how much the resident memory of this process grew at most with the pool and its work, in bytes;
    /// none where the system does not tell.
    pub memory_bytes: Option<u64>,
}

/// The isolation between calls of the user's task.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TaskIsolation {
    /// Clean memory for every call.
    Fresh,
    /// Memory that earlier calls have used.
    Reuse,
}

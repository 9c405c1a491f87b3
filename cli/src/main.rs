//! The `sandpool` command: what can be typed, which file does it, and the exit code. Nothing else.

mod bench;
mod build;
mod demo;
mod escape;
mod failure;
mod grants;
mod inspect;
mod json;
mod module;
mod new;
mod quantity;
mod run;
mod snapshot;
mod stdout;

use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::{Args, Parser, Subcommand};

/// Runs functions in sandboxed wasm processes.
///
/// Without a command: a demonstration of what that is good for.
#[derive(Debug, Parser)]
#[command(name = "sandpool", version)]
struct CommandLine {
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Shows what sandboxed processes are good for (the default)
    Demo,
    /// Makes a project: a crate of tasks, and a program that runs them
    New(NewArgs),
    /// Compiles a crate of tasks to a wasm module
    Build(BuildArgs),
    /// Shows the tasks of a wasm module and what it wants from its host; runs nothing of it
    Inspect(InspectArgs),
    /// Calls a task of a wasm module, once or for every line of a file
    Run(RunArgs),
    /// Runs a task once, and writes a module whose sandboxes begin where that one has ended
    Snapshot(SnapshotArgs),
    /// Measures what a sandbox costs on this machine, or what your own task costs in one
    Bench(Box<BenchArgs>),
}

#[derive(Debug, Args)]
struct NewArgs {
    /// The name of the project: letters, digits, `-` and `_`
    #[arg(value_parser = new::name)]
    name: String,
    /// The folder of a sandpool checkout to depend on [default: the one this command was built from,
    /// or else the published version]
    #[arg(long, value_name = "DIR")]
    sandpool_path: Option<PathBuf>,
}

#[derive(Debug, Args)]
struct BuildArgs {
    /// The folder of the crate
    #[arg(default_value = ".")]
    dir: PathBuf,
    /// The file to write [default: the name of the crate's library, with `.wasm`, in this folder]
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Features of the crate to switch on, separated by commas
    #[arg(long, value_name = "FEATURES", value_delimiter = ',')]
    features: Vec<String>,
    /// Switches the crate's default features off
    #[arg(long)]
    no_default_features: bool,
    /// Keeps the module compiled for this machine in a folder, for `run --store` and for hosts that open it as
    /// a `ModuleStore`
    #[arg(long, value_name = "FOLDER")]
    precompile: Option<PathBuf>,
}

#[derive(Debug, Args)]
struct InspectArgs {
    /// The wasm module
    #[arg(value_name = "FILE.wasm")]
    file: PathBuf,
    /// Prints one JSON object
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Args)]
struct RunArgs {
    /// The wasm module
    #[arg(value_name = "FILE.wasm")]
    file: PathBuf,
    /// The name of the task
    task: String,
    /// The arguments: the JSON value of the parameter for one parameter, an array for several,
    /// nothing or `null` for none
    #[arg(value_name = "JSON-ARGS", allow_negative_numbers = true)]
    arguments: Option<String>,
    /// Calls the task for every line of a file (`-`: stdin) that is not blank: a line is one call's
    /// JSON-ARGS. Prints the results in the order of the lines
    #[arg(long, value_name = "FILE.jsonl", conflicts_with = "arguments")]
    map: Option<PathBuf>,
    /// How many calls run at once [default: the number of processors]
    #[arg(long, value_name = "N")]
    workers: Option<NonZeroUsize>,
    /// How long a call may run: `500ms`, `2s`, `1m`; without a unit it is seconds [default: for ever]
    #[arg(long, value_name = "DURATION", value_parser = quantity::duration)]
    timeout: Option<Duration>,
    /// How much memory a call may use: `64MiB`, `64M`, `1GiB`; without a unit it is bytes
    /// [default: 256MiB]
    #[arg(long, value_name = "SIZE", value_parser = quantity::bytes)]
    memory: Option<usize>,
    /// How much fuel a call may burn: an instruction takes about one unit, on every machine
    /// [default: without limit]
    #[arg(long, value_name = "N")]
    fuel: Option<u64>,
    /// Has the same arguments give the same bits on every machine
    #[arg(long)]
    deterministic: bool,
    /// What the module may import, separated by commas [default: nothing]
    #[arg(long, value_name = "GRANTS", value_delimiter = ',')]
    grant: Vec<grants::Grant>,
    /// Keeps the module compiled in a folder that only you can write to, and takes it from there if it is
    /// there already [default: it is compiled each time]
    #[arg(long, value_name = "FOLDER")]
    store: Option<PathBuf>,
}

#[derive(Debug, Args)]
struct SnapshotArgs {
    /// The wasm module
    #[arg(value_name = "FILE.wasm")]
    file: PathBuf,
    /// The name of the task that prepares the sandbox
    task: String,
    /// The arguments, as for `sandpool run`
    #[arg(value_name = "JSON-ARGS", allow_negative_numbers = true)]
    arguments: Option<String>,
    /// The file to write
    #[arg(short, long, value_name = "FILE")]
    output: PathBuf,
    /// How long the task may run: `500ms`, `2s`, `1m`; without a unit it is seconds [default: for ever]
    #[arg(long, value_name = "DURATION", value_parser = quantity::duration)]
    timeout: Option<Duration>,
    /// How much memory it may use: `64MiB`, `64M`, `1GiB`; without a unit it is bytes
    /// [default: 256MiB]
    #[arg(long, value_name = "SIZE", value_parser = quantity::bytes)]
    memory: Option<usize>,
    /// What the module may import, separated by commas [default: nothing]
    #[arg(long, value_name = "GRANTS", value_delimiter = ',')]
    grant: Vec<grants::Grant>,
}

#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
struct BenchArgs {
    #[command(subcommand)]
    command: Option<BenchCommand>,
    /// Runs these kernels and nothing else; separated by commas
    #[arg(long, value_name = "NAME", value_delimiter = ',', conflicts_with_all = ["peers", "peer_program", "module"])]
    kernel: Vec<String>,
    /// With how many workers; separated by commas [default: 1 and the number of processors]
    #[arg(long, value_name = "N", value_delimiter = ',')]
    workers: Vec<NonZeroUsize>,
    /// Takes less than a minute, for a first impression
    #[arg(long)]
    quick: bool,
    /// How many rounds of the kernels are measured [default: 15, or 5 with --quick]
    #[arg(long, value_name = "N", conflicts_with = "module")]
    rounds: Option<NonZeroUsize>,
    /// Measures the executors of CPython, loky and pebble, too, as far as they are installed
    #[arg(long, conflicts_with = "module")]
    peers: bool,
    /// A program that measures other peers: see `bench/peers`
    #[arg(long, value_name = "PROGRAM", conflicts_with = "module")]
    peer_program: Vec<PathBuf>,
    /// The Python interpreter
    #[arg(long, value_name = "PROGRAM", default_value = "python3")]
    python: PathBuf,
    #[command(flatten)]
    outputs: OutputArgs,
    /// Measures a task of this module and nothing else
    #[arg(long, value_name = "FILE.wasm", requires = "task")]
    module: Option<PathBuf>,
    /// The name of the task
    #[arg(long, value_name = "NAME", requires = "module")]
    task: Option<String>,
    /// Its arguments, as for `sandpool run`
    #[arg(
        long,
        value_name = "JSON-ARGS",
        requires = "module",
        allow_negative_numbers = true
    )]
    args: Option<String>,
    /// How long a call may run: `500ms`, `2s`, `1m` [default: for ever]
    #[arg(long, value_name = "DURATION", requires = "module", value_parser = quantity::duration)]
    timeout: Option<Duration>,
    /// How much memory a call may use: `64MiB`, `1GiB` [default: 256MiB]
    #[arg(long, value_name = "SIZE", requires = "module", value_parser = quantity::bytes)]
    memory: Option<usize>,
    /// What the module may import, separated by commas [default: nothing]
    #[arg(
        long,
        value_name = "GRANTS",
        requires = "module",
        value_delimiter = ','
    )]
    grant: Vec<grants::Grant>,
}

#[derive(Debug, Args)]
struct OutputArgs {
    /// Writes all that was measured to a file (`-`: to stdout, in place of the tables)
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Writes a page with tables and charts
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
    /// Writes the chart of the kernels
    #[arg(long, value_name = "FILE")]
    svg: Option<PathBuf>,
    /// Writes the tables as Markdown
    #[arg(long, value_name = "FILE")]
    markdown: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
enum BenchCommand {
    /// Shows a record that was kept, and writes it in other forms
    Show {
        /// The record of `--json`
        #[arg(value_name = "RECORD.json")]
        record: PathBuf,
        #[command(flatten)]
        outputs: OutputArgs,
    },
    /// Shows what changed between two records, with noise taken into account
    Compare {
        /// The record of `--json` to compare with
        #[arg(value_name = "BEFORE.json")]
        before: PathBuf,
        /// The record of `--json` that is compared
        #[arg(value_name = "AFTER.json")]
        after: PathBuf,
    },
    /// Does a part of a run that needs a process of its own
    #[command(hide = true)]
    Part { arguments: Vec<String> },
}

fn main() -> ExitCode {
    let done = match CommandLine::parse().command {
        None | Some(Command::Demo) => demo::run().map(|()| ExitCode::SUCCESS),
        Some(Command::New(args)) => new::run(&args).map(|()| ExitCode::SUCCESS),
        Some(Command::Build(args)) => build::run(&args).map(|()| ExitCode::SUCCESS),
        Some(Command::Inspect(args)) => inspect::run(&args).map(|()| ExitCode::SUCCESS),
        Some(Command::Run(args)) => run::run(&args),
        Some(Command::Snapshot(args)) => snapshot::run(&args).map(|()| ExitCode::SUCCESS),
        Some(Command::Bench(args)) => bench::run(&args).map(|()| ExitCode::SUCCESS),
    };
    done.unwrap_or_else(|error| failure::report(&error))
}

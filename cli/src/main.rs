//! The `sandpool` command: what can be typed, which file does it, and the exit code. Nothing else.

mod build;
mod demo;
mod escape;
mod failure;
mod inspect;
mod json;
mod module;
mod new;
mod quantity;
mod run;
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
}

fn main() -> ExitCode {
    let done = match CommandLine::parse().command {
        None | Some(Command::Demo) => demo::run().map(|()| ExitCode::SUCCESS),
        Some(Command::New(args)) => new::run(&args).map(|()| ExitCode::SUCCESS),
        Some(Command::Build(args)) => build::run(&args).map(|()| ExitCode::SUCCESS),
        Some(Command::Inspect(args)) => inspect::run(&args).map(|()| ExitCode::SUCCESS),
        Some(Command::Run(args)) => run::run(&args),
    };
    done.unwrap_or_else(|error| failure::report(&error))
}

//! `sandpool bench`: what is measured, and where the figures go. How it is measured is another crate's.

mod output;
mod progress;

use std::ffi::OsString;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use sandpool::Limits;
use sandpool_bench::record::{FORMAT, Machine, OwnTask, Record};
use sandpool_bench::{Part, compare, isolation, kernels, note, own_task};

use self::output::Outputs;
use self::progress::Bar;
use crate::{BenchArgs, BenchCommand, escape, failure, grants, json, module, stdout};

/// The rounds of a full run, and of one for a first impression.
const ROUNDS: (usize, usize) = (15, 5);

pub(crate) fn run(args: &BenchArgs) -> Result<()> {
    match &args.command {
        Some(BenchCommand::Compare { before, after }) => compare_files(before, after),
        Some(BenchCommand::Show { record, outputs }) => {
            let record = read(record)?;
            Outputs::open(outputs)?.write(&record)
        }
        Some(BenchCommand::Part { arguments }) => sandpool_bench::part(&part()?, arguments),
        None => measure(args),
    }
}

fn compare_files(before: &Path, after: &Path) -> Result<()> {
    let comparison = compare::compare(&read(before)?, &read(after)?)?;
    stdout::print(&comparison.to_string())
}

fn read(file: &Path) -> Result<Record> {
    let file_name = || file.display().to_string();
    let text = std::fs::read_to_string(file).with_context(file_name)?;
    let record = serde_json::from_str::<Record>(&text);
    let record = record.with_context(|| {
        format!(
            "{}: this is no record of `sandpool bench --json`",
            file_name()
        )
    })?;
    ensure!(
        record.format == FORMAT,
        "{}: the record has format {}, and this command reads {FORMAT}",
        file_name(),
        record.format
    );
    Ok(record)
}

fn measure(args: &BenchArgs) -> Result<()> {
    if cfg!(debug_assertions) {
        failure::say("this is a debug build: its figures say little; build with --release");
    }
    // Opened before anything is measured: a run of minutes is not lost to a folder that is not there.
    let outputs = Outputs::open(&args.outputs)?;
    let record = record(args)?;
    outputs.write(&record)
}

fn record(args: &BenchArgs) -> Result<Record> {
    let mut record = Record {
        format: FORMAT,
        command: command_line(),
        started: sandpool_bench::now(),
        machine: Machine::here(),
        quick: args.quick,
        kernels: None,
        isolation: None,
        note: None,
        task: None,
    };
    let workers = workers(args);
    let bar = Bar::new();
    let progress = &|step: sandpool_bench::Step<'_>| bar.show(step);
    if let Some(file) = &args.module {
        record.task = Some(own_task(args, file, workers, progress)?);
        return Ok(record);
    }

    let (full, quick) = ROUNDS;
    let part = part()?;
    let plan = kernels::Plan {
        part: part.clone(),
        kernels: args.kernel.clone(),
        workers: workers.clone(),
        rounds: args
            .rounds
            .map_or(if args.quick { quick } else { full }, usize::from),
    };
    record.kernels = Some(kernels::run(&plan, progress)?);
    if !args.kernel.is_empty() {
        return Ok(record);
    }

    let plan = isolation::Plan {
        quick: args.quick,
        workers: workers.iter().copied().max().unwrap_or(1),
        part: part.clone(),
        python: args.peers.then(|| args.python.clone()),
        programs: args.peer_program.clone(),
    };
    record.isolation = Some(isolation::run(&plan, progress)?);
    if !args.quick || args.peers {
        let plan = note::Plan {
            rounds: if args.quick { 1 } else { 5 },
            part,
            python: args.python.clone(),
        };
        record.note = Some(note::run(&plan, progress)?);
    }
    Ok(record)
}

/// How this command is called for a part of a run.
fn part() -> Result<Part> {
    Ok(Part {
        program: std::env::current_exe().context("this program does not know its own file")?,
        arguments: ["bench", "part"].map(OsString::from).to_vec(),
    })
}

fn own_task(
    args: &BenchArgs,
    file: &Path,
    workers: Vec<usize>,
    progress: sandpool_bench::Progress<'_>,
) -> Result<OwnTask> {
    let task = args.task.as_deref().unwrap_or_default();
    let arguments = json::arguments(args.args.as_deref())?;
    let grants = grants::grants(&args.grant)?;
    let module_bytes = std::fs::metadata(file).map_or(0, |file| file.len());
    let started = Instant::now();
    let module = module::load(file, task, |module| module.grants(grants))?;
    let load = started.elapsed();
    let mut limits = Limits::new();
    if let Some(timeout) = args.timeout {
        limits = limits.timeout(timeout);
    }
    if let Some(bytes) = args.memory {
        limits = limits.memory_bytes(bytes);
    }
    let plan = own_task::Plan {
        file,
        module_bytes,
        module: &module,
        load,
        task,
        arguments,
        workers,
        limits,
        time: Duration::from_millis(if args.quick { 500 } else { 3000 }),
    };
    own_task::run(&plan, progress)
}

/// One worker, and as many as there are processors, unless something else is wanted.
fn workers(args: &BenchArgs) -> Vec<usize> {
    let mut workers: Vec<usize> = args.workers.iter().map(|&workers| workers.into()).collect();
    if workers.is_empty() {
        workers = vec![1, thread::available_parallelism().map_or(1, usize::from)];
    }
    workers.sort_unstable();
    workers.dedup();
    workers
}

/// What was typed, without the folder of the program.
fn command_line() -> String {
    let words = std::env::args_os().skip(1);
    let words = words.map(|word| escape::line(&word.to_string_lossy()));
    let words: Vec<String> = std::iter::once("sandpool".to_owned())
        .chain(words)
        .collect();
    words.join(" ")
}

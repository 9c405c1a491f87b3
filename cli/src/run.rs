//! `sandpool run`: calls a task with JSON. Once, here; for every line of a file, in `map`.

mod interrupt;
mod lines;
mod map;
mod output;
mod window;

use std::mem::ManuallyDrop;
use std::process::ExitCode;
use std::sync::mpsc;

use anyhow::Context;
use sandpool::{Limits, ModuleStore, ProcessPool};

use crate::{RunArgs, failure, grants, json, module, stdout};

pub(crate) fn run(args: &RunArgs) -> anyhow::Result<ExitCode> {
    let arguments = json::arguments(args.arguments.as_deref())?;
    let grants = grants::grants(&args.grant)?;
    let store = args.store.as_ref().map(ModuleStore::open).transpose()?;
    let module = module::load(&args.file, &args.task, |module| {
        let mut module = module.grants(grants);
        if let Some(store) = &store {
            module = module.store(store);
        }
        if args.fuel.is_some() {
            module = module.fuel_metering();
        }
        if args.deterministic {
            module = module.deterministic();
        }
        module
    })?;
    let mut limits = Limits::new();
    if let Some(timeout) = args.timeout {
        limits = limits.timeout(timeout);
    }
    if let Some(bytes) = args.memory {
        limits = limits.memory_bytes(bytes);
    }
    if let Some(fuel) = args.fuel {
        limits = limits.fuel(fuel);
    }
    let mut pool = ProcessPool::builder(&module).limits(limits);
    if let Some(workers) = args.workers {
        pool = pool.workers(workers.get());
    }
    // A pool that is dropped waits for its tasks, and these may never end. The end of the process is
    // the end of them all.
    let pool = ManuallyDrop::new(pool.build()?);
    match &args.map {
        Some(file) => map::run(&pool, &args.task, file),
        None => once(&pool, &args.task, arguments),
    }
}

fn once(pool: &ProcessPool, task: &str, arguments: &str) -> anyhow::Result<ExitCode> {
    enum Event {
        Finished,
        Interrupted,
    }

    let (events, arriving) = mpsc::channel();
    let interrupted = events.clone();
    interrupt::on_signal(move || _ = interrupted.send(Event::Interrupted))?;
    let call = pool.submit_json(task, arguments)?;
    call.on_finish(move |_| _ = events.send(Event::Finished));
    match arriving.recv() {
        Ok(Event::Interrupted) => {
            failure::say("interrupted: the call was not finished");
            return Ok(interrupt::exit_code());
        }
        Ok(Event::Finished) | Err(mpsc::RecvError) => {}
    }
    let result = json::compact(&call.join()?)
        .with_context(|| format!("task `{task}` returned what is not JSON"))?;
    stdout::print(&(result + "\n"))?;
    Ok(ExitCode::SUCCESS)
}

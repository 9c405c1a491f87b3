//! `sandpool run --map`: a call for every line. All events come through one channel, to one thread.

use std::fmt::Write;
use std::path::Path;
use std::process::ExitCode;
use std::sync::mpsc::{self, Receiver, Sender};

use anyhow::{Context, bail};
use sandpool::ProcessPool;

use super::interrupt;
use super::lines::{Input, Line, Room};
use super::output::Output;
use super::window::{Call, Rest, Window};

enum Event {
    Input(Input),
    /// Some call has finished.
    Finished,
    Interrupted,
}

pub(super) fn run(pool: &ProcessPool, task: &str, file: &Path) -> anyhow::Result<ExitCode> {
    /// So many calls wait for a worker or for their turn to be written, for each worker. One slow
    /// call should not leave the other workers without work.
    const PER_WORKER: usize = 4;
    const FEWEST: usize = 64;
    let room = FEWEST.max(PER_WORKER * pool.workers());

    let (events, arriving) = mpsc::channel();
    let interrupted = events.clone();
    interrupt::on_signal(move || _ = interrupted.send(Event::Interrupted))?;
    let lines = events.clone();
    let room = Room::open(file, room, move |input| {
        lines.send(Event::Input(input)).is_ok()
    })?;

    let mut output = Output::new()?;
    let mut window = Window::default();
    let mut end = None;
    while end.is_none() || !window.is_empty() {
        match next(&arriving, &mut output)? {
            Event::Input(Input::Line(line)) => window.push(call(pool, task, line, &events)?),
            Event::Input(Input::End(how)) => end = Some(how),
            Event::Finished => {}
            Event::Interrupted => return Ok(give_up(window, output, end.is_some())),
        }
        while let Some(call) = window.pop_finished() {
            output.add(call.line, call.outcome())?;
            room.more();
        }
    }
    output.flush()?;
    let Output { lines, failed, .. } = output;
    drop(output);
    if let Some(Err(error)) = end {
        return Err(error)
            .with_context(|| format!("{}: reading ended after {lines} lines", file.display()));
    }
    if failed > 0 {
        bail!("{failed} of {lines} lines failed");
    }
    Ok(ExitCode::SUCCESS)
}

/// Waits for the next event. Before that, what was written goes out.
fn next(arriving: &Receiver<Event>, output: &mut Output) -> anyhow::Result<Event> {
    if let Ok(event) = arriving.try_recv() {
        return Ok(event);
    }
    output.flush()?;
    Ok(arriving.recv()?)
}

fn call(
    pool: &ProcessPool,
    task: &str,
    line: Line,
    events: &Sender<Event>,
) -> anyhow::Result<Call> {
    let submit = |arguments: String| {
        let handle = pool.submit_json(task, arguments)?;
        let events = events.clone();
        handle.on_finish(move |_| _ = events.send(Event::Finished));
        anyhow::Ok(handle)
    };
    Ok(Call {
        line: line.number,
        handle: match line.arguments {
            Ok(arguments) => Ok(submit(arguments)?),
            Err(error) => Err(error),
        },
    })
}

/// Writes what is finished, says what is not, and leaves the rest to the end of the process.
fn give_up(window: Window, mut output: Output, at_end: bool) -> ExitCode {
    let Rest {
        finished,
        skipped,
        from,
    } = window.give_up();
    let written = finished
        .into_iter()
        .try_for_each(|call| output.add(call.line, call.outcome()))
        .and_then(|()| output.flush());
    let mut report = match output.lines {
        1 => "interrupted: 1 line was done".to_owned(),
        lines => format!("interrupted: {lines} lines were done"),
    };
    if output.failed > 0 {
        let _ = write!(report, ", {} of them failed", output.failed);
    }
    if let Err(error) = written {
        let _ = write!(report, ", and not all could be written: {error:#}");
    }
    let mut not_done: Vec<String> = skipped.iter().map(|line| format!("line {line}")).collect();
    match from {
        Some(line) => not_done.push(format!("all from line {line} on")),
        None if at_end => {}
        None => not_done.push("the rest".to_owned()),
    }
    output.say(&format!("{report}; not done: {}", not_done.join(", ")));
    interrupt::exit_code()
}

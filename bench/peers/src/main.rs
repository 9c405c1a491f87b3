//! Measures procspawn and Extism as `sandpool bench` measures its own pools, and prints a line of JSON
//! for each. Its arguments are those of a peer program: the number of workers, and `--quick`.

mod extism;
mod measure;
mod procspawn;

use std::env;

use anyhow::Context;

use crate::measure::Counts;

fn main() -> anyhow::Result<()> {
    // In a process that procspawn has spawned this runs the task, and does not return.
    ::procspawn::init();
    let usage = "usage: sandpool-peers WORKERS [--quick]";
    let workers = env::args().nth(1).context(usage)?;
    let workers = workers.parse().context(usage)?;
    let counts = Counts::new(env::args().any(|argument| argument == "--quick"));
    println!("{}", procspawn::measure(workers, counts)?);
    println!("{}", extism::measure(workers, counts)?);
    Ok(())
}

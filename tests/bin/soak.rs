//! Runs the soak test as long as it is told to: see `CONTRIBUTING.md`.

use std::process::ExitCode;

use clap::Parser;
use sandpool_tests::soak::{self, Plan};

/// Runs honest and misbehaving tasks for a long time, and sees that nothing wears out.
#[derive(Parser)]
struct Arguments {
    /// How many minutes it takes, at least.
    #[arg(long, default_value_t = 60)]
    minutes: u64,
    /// How many tasks there are, at least.
    #[arg(long, default_value_t = 10_000_000)]
    tasks: u64,
    /// How many tasks a pool serves before it makes room for the next.
    #[arg(long, default_value_t = 500_000, value_parser = clap::value_parser!(u64).range(1..))]
    generation: u64,
    /// What decides which task comes next.
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let plan = Plan {
        minutes: arguments.minutes,
        tasks: arguments.tasks,
        generation: arguments.generation,
        seed: arguments.seed,
    };
    match soak::run(plan, |line| println!("{line}")) {
        Ok(verdict) => {
            println!("{verdict}");
            ExitCode::SUCCESS
        }
        Err(violation) => {
            eprintln!("{violation}");
            ExitCode::FAILURE
        }
    }
}

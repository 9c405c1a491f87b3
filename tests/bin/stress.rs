//! Runs the stress test as long as it is told to: see `CONTRIBUTING.md`.

use std::process::ExitCode;

use clap::Parser;
use sandpool_tests::stress::{self, Plan};

/// Runs tasks of every fate under cancellation and shutdown, and sees that each ends once.
#[derive(Parser)]
struct Arguments {
    /// How many tasks a round has, at least.
    #[arg(long, default_value_t = 1_000_000, value_parser = clap::value_parser!(u32).range(1..=1_000_000_000))]
    tasks: u32,
    /// How many rounds there are.
    #[arg(long, default_value_t = stress::ROUNDS_FOR_ALL)]
    rounds: usize,
    /// The number of the first round, to repeat one.
    #[arg(long, default_value_t = 0)]
    first: usize,
    /// What decides the tasks' fates.
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

fn main() -> ExitCode {
    let Arguments {
        tasks,
        rounds,
        first,
        seed,
    } = Arguments::parse();
    let plan = Plan {
        tasks: tasks as usize,
        rounds,
        first,
        seed,
    };
    match stress::run(plan, |report| println!("{report}")) {
        Ok(total) => {
            println!("{total}");
            ExitCode::SUCCESS
        }
        Err(violation) => {
            eprintln!("{violation}");
            ExitCode::FAILURE
        }
    }
}

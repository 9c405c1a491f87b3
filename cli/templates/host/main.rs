//! Runs tasks in sandboxed processes, and closures on threads.

use sandpool::{ProcessPool, ThreadPool};

fn main() -> anyhow::Result<()> {
    // For CPU-bound work, and for code that is not trusted: a sandboxed process for every task.
    let processes = ProcessPool::new(tasks::MODULE)?;
    let limits = [10, 1_000, 100_000];
    let counts = processes.map(tasks::count_primes, limits)?;
    for (limit, count) in limits.iter().zip(counts) {
        println!("{} prime numbers below {limit}", count?);
    }

    // For work that waits for something else: closures on threads, behind the same handles.
    let threads = ThreadPool::new(4)?;
    let entries = threads.submit(|| std::fs::read_dir(".").map(Iterator::count))?;
    println!("{} entries in this folder", entries.join()??);
    Ok(())
}

#[cfg(test)]
mod tests {
    use sandpool::ProcessPool;

    #[test]
    fn a_task_runs_in_a_sandbox() -> anyhow::Result<()> {
        let processes = ProcessPool::new(tasks::MODULE)?;
        let count = processes.submit(tasks::count_primes, 100)?;
        assert_eq!(count.join()?, 25);
        Ok(())
    }
}

//! Inputs without end, results as they come, and closures that borrow.

use guest_tasks::primes_below;
use sandpool::{MapOptions, ProcessPool, SubmitError, ThreadPool};

fn main() -> anyhow::Result<()> {
    // At most 64 inputs are on their way at any time; small tasks are put together.
    let processes = ProcessPool::new(guest_tasks::MODULE)?;
    let options = MapOptions::new().window(64).auto_chunk();
    let counts = processes.map_with(primes_below, (1_000..).step_by(1_000), options)?;
    for count in counts.take(5) {
        println!("{} primes", count?);
    }

    // One line for each tenth of the work, whatever its order.
    let options = MapOptions::new().unordered().progress(|progress| {
        if let Some(total) = progress.total
            && progress.finished % (total / 10) == 0
        {
            println!("{} of {total}", progress.finished);
        }
    });
    let most = processes.map_with(primes_below, (0..100).map(|n| n * 100), options)?;
    let most = most.collect::<Result<Vec<_>, _>>()?.into_iter().max();
    println!("{most:?} primes at most");

    // The closures borrow the text, and have ended when the scope does.
    let threads = ThreadPool::new(4)?;
    let text = String::from("closures of a scope may borrow what is around it");
    let longest = threads.scope(|scope| {
        let lengths = text
            .split(' ')
            .map(|word| scope.submit(move || (word.len(), word)));
        let lengths = lengths.collect::<Result<Vec<_>, _>>()?;
        let lengths = lengths.into_iter().filter_map(|length| length.join().ok());
        Ok::<_, SubmitError>(lengths.max())
    })?;
    println!("{longest:?}");
    Ok(())
}

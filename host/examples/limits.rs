//! Tasks that go wrong, one after the other in the same pool: each has its own error, and the pool goes on.

use std::error::Error;
use std::time::Duration;

use guest_tasks::{blur_png, heavy_compute, primes_below, unpack};
use sandpool::{Limits, ProcessPool, TaskError};

fn main() -> anyhow::Result<()> {
    let limits = Limits::new()
        .timeout(Duration::from_millis(200))
        .memory_bytes(64 << 20);
    let pool = ProcessPool::builder(guest_tasks::MODULE)
        .workers(1)
        .limits(limits)
        .build()?;

    show(pool.submit(unpack, vec![200, 1, 2, 3])?.join());
    show(pool.submit(heavy_compute, u64::MAX)?.join());
    show(pool.submit(primes_below, 1_000_000_000)?.join());
    show(pool.submit(blur_png, (b"no image".to_vec(), 2.0))?.join());

    let waiting = pool.submit(heavy_compute, u64::MAX)?;
    assert!(waiting.cancel());
    show(waiting.join());

    assert_eq!(pool.submit(primes_below, 100)?.join()?, 25);
    println!("and the pool still answers");
    Ok(())
}

fn show<T>(outcome: Result<T, TaskError>) {
    let Err(error) = outcome else {
        panic!("the task should have failed");
    };
    println!("{error}");
    let mut cause = error.source();
    while let Some(error) = cause {
        println!("    because: {error}");
        cause = error.source();
    }
    for frame in error.backtrace().iter().take(3) {
        println!("    in {frame}");
    }
}

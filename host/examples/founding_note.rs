//! The two examples that every introduction to Python's `concurrent.futures` has: waiting on threads, computing
//! in processes.

use std::thread::sleep;
use std::time::Duration;

use guest_tasks::heavy_compute;
use sandpool::{ProcessPool, ThreadPool, as_completed};

fn fetch_data(n: u32) -> String {
    sleep(Duration::from_millis(200)); // stands for I/O
    format!("Result {n}")
}

fn main() -> anyhow::Result<()> {
    let threads = ThreadPool::new(3)?;
    let handles = (0..5).map(|n| threads.submit(move || fetch_data(n)));
    for handle in as_completed(handles.collect::<Result<Vec<_>, _>>()?) {
        println!("{}", handle.join()?);
    }

    let processes = ProcessPool::new(guest_tasks::MODULE)?;
    for total in processes.map(heavy_compute, [1_000_000, 2_000_000, 3_000_000, 4_000_000])? {
        println!("{}", total?);
    }
    Ok(())
}

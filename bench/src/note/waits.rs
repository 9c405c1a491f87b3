//! The I/O-bound program of the note: five waits of two seconds each on three threads.

use std::thread::sleep;
use std::time::Duration;

use sandpool::{ThreadPool, as_completed};

fn fetch_data(n: u32) -> String {
    sleep(Duration::from_secs(2)); // stands for I/O
    format!("Result {n}")
}

pub(super) fn main() -> anyhow::Result<()> {
    let threads = ThreadPool::new(3)?;
    let handles = (0..5).map(|n| threads.submit(move || fetch_data(n)));
    let handles = handles.collect::<Result<Vec<_>, _>>()?;

    for handle in as_completed(handles) {
        println!("{}", handle.join()?);
    }
    Ok(())
}

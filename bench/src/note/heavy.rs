//! The CPU-bound program of the note: `heavy_compute` over [1, 2, 3, 4], in sandboxed processes.

use probe_tasks::heavy_compute;
use sandpool::ProcessPool;

pub(super) fn main() -> anyhow::Result<()> {
    let processes = ProcessPool::new(probe_tasks::MODULE)?;
    for result in processes.map(heavy_compute, [1, 2, 3, 4])? {
        println!("{}", result?);
    }
    Ok(())
}

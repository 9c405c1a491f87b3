//! What another idle worker takes of main memory: measured in a process of its own, in which nothing
//! has been freed yet that a worker could use.

use anyhow::{Context, Result, bail};

use super::closures::{self, Closures};
use super::sandboxes::{self, Sandboxes};
use super::{Measured, Unmeasured};
use crate::Part;
use crate::memory;

/// How many workers there are more at the second look.
const MORE: usize = 16;

/// Returns what a process found, in bytes.
pub(super) fn measure(part: &Part, contender: &str) -> Measured<Vec<f64>> {
    if memory::proportional_bytes("self").is_err() {
        return Err(Unmeasured::Impossible(
            "read from /proc, which only Linux has",
        ));
    }
    let (output, _) = part.run(&["idle-worker", contender])?;
    let bytes = output.trim().parse::<f64>();
    Ok(vec![bytes.context(
        "the process that measures an idle worker printed something else",
    )?])
}

/// Prints what another idle worker of this contender takes.
pub(crate) fn print_idle_worker(contender: &str) -> Result<()> {
    let own = || anyhow::Ok(memory::proportional_bytes("self")?);
    let (before, after) = match contender {
        sandboxes::FRESH | sandboxes::REUSED => {
            let make = if contender == sandboxes::FRESH {
                Sandboxes::fresh
            } else {
                Sandboxes::reused
            };
            let one = make(1)?;
            one.wake(1)?;
            let more = make(MORE)?;
            let before = own()?;
            more.wake(MORE)?;
            (before, own()?)
        }
        closures::NAME => {
            let one = Closures::new(1)?;
            one.wake(1)?;
            let more = Closures::new(MORE)?;
            let before = own()?;
            more.wake(MORE)?;
            (before, own()?)
        }
        #[cfg(target_os = "linux")]
        super::processes::NAME => {
            use super::processes::Processes;
            let before = Processes::new(1, 0)?.bytes()?;
            (before, Processes::new(1 + MORE, 0)?.bytes()?)
        }
        other => bail!("there is no contender `{other}`"),
    };
    println!("{}", after.saturating_sub(before) / MORE as u64);
    Ok(())
}

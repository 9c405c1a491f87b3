//! Runs a round on a thread of its own and notices when it hangs.

use std::sync::{Arc, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use super::ledger::{Ledger, mark};
use super::report::Report;
use super::setup::Setup;
use super::{Plan, Violation, round};

/// Plays a round and returns its report.
pub(super) fn watched(plan: Plan, number: usize) -> Result<Report, Violation> {
    /// In which something has to be accepted or to end.
    const PATIENCE: Duration = Duration::from_secs(60);
    const LOOK_EVERY: Duration = Duration::from_secs(1);
    let setup = Setup::new(plan, number);
    let ledger = Arc::new(Ledger::new(setup.to_string(), setup.entries()));
    let (tell, told) = mpsc::channel();
    let own = Arc::clone(&ledger);
    let player = thread::Builder::new().name("round".to_owned());
    let player = player
        .spawn(move || {
            let report = round::play(&setup, &own);
            drop(own);
            // Nobody listens after a hang.
            let _ = tell.send(report);
        })
        .map_err(|error| Violation(format!("no thread for a round: {error}")))?;
    let (mut last, mut since) = (0, Instant::now());
    let report = loop {
        match told.recv_timeout(LOOK_EVERY) {
            Ok(report) => break Some(report),
            Err(mpsc::RecvTimeoutError::Disconnected) => break None,
            Err(mpsc::RecvTimeoutError::Timeout) => {}
        }
        let now = ledger.accepted() + ended(&ledger);
        if now != last {
            (last, since) = (now, Instant::now());
        } else if since.elapsed() > PATIENCE {
            return Err(Violation(hang(&ledger)));
        }
    };
    let ended = player.join();
    match (ledger.violation(), report, ended) {
        (Some(violation), ..) => Err(Violation(violation)),
        (None, Some(report), Ok(())) => Ok(report),
        (None, ..) => Err(Violation(format!("{}: a thread panicked", ledger.place()))),
    }
}

fn ended(ledger: &Ledger) -> u64 {
    let ended = (0..ledger.len()).filter(|number| ledger.end(*number).is_some());
    ended.count() as u64
}

fn hang(ledger: &Ledger) -> String {
    use std::fmt::Write;
    const SHOWN: usize = 5;
    let place = ledger.place();
    let mut text = format!("{place}: nothing goes on any more");
    if let Some(violation) = ledger.violation() {
        let _ = write!(text, ", after a violation: {violation}");
    }
    let is_open = |number: &usize| {
        let marks = ledger.marks(*number) & (mark::ACCEPTED | mark::OF_MAP);
        marks == mark::ACCEPTED && ledger.end(*number).is_none()
    };
    let open: Vec<_> = (0..ledger.len()).filter(is_open).collect();
    let _ = write!(text, "; {} tasks have not ended", open.len());
    for number in open.into_iter().take(SHOWN) {
        let _ = write!(text, "; task {number}, marks {:#b}", ledger.marks(number));
    }
    text
}

//! How a pool comes to its end.

use std::time::Instant;

use crate::running::Running;
use crate::workers::Workers;

/// What becomes of the tasks of a pool that is shut down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shutdown {
    /// All that was submitted is finished.
    Finish,
    /// What waits in the queue is cancelled, what runs is finished.
    #[doc(alias = "cancel_futures")]
    CancelPending,
    /// What waits in the queue is cancelled, and what runs is stopped: sandboxed tasks end as cancelled, where
    /// a function of the host runs for them as soon as it returns; closures are told through their
    /// [`CancelToken`](crate::CancelToken) and waited for.
    #[doc(alias = "terminate_workers")]
    #[doc(alias = "kill_workers")]
    CancelAll,
}

impl Shutdown {
    /// Closes the pool, ends its tasks accordingly and waits until the workers have exited. Returns
    /// whether they have before `deadline`.
    pub(crate) fn carry_out<W>(
        self,
        workers: &Workers<W>,
        running: &Running,
        deadline: Option<Instant>,
    ) -> bool {
        workers.close();
        match self {
            Self::Finish => {}
            Self::CancelPending => workers.discard_waiting(),
            Self::CancelAll => {
                // First what runs: a callback of what waits may wait for it.
                running.stop_all();
                workers.discard_waiting();
            }
        }
        workers.wait_for_exit(deadline)
    }
}

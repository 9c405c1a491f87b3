//! How a pool comes to its end.

/// What becomes of the tasks of a pool that is shut down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shutdown {
    /// All that was submitted is finished.
    Finish,
    /// What waits in the queue is cancelled, what runs is finished.
    #[doc(alias = "cancel_futures")]
    CancelPending,
    /// What waits in the queue is cancelled, and what runs is stopped: sandboxed tasks end as cancelled,
    /// closures are told through their [`CancelToken`](crate::CancelToken) and waited for.
    #[doc(alias = "terminate_workers")]
    #[doc(alias = "kill_workers")]
    CancelAll,
}

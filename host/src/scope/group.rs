//! The jobs of a scope that are not gone yet.

use std::collections::BTreeMap;
use std::sync::{Arc, Weak};

use crate::cancel_token::CancelToken;
use crate::control::Queued;
use crate::sync::{self, Condvar, Mutex};
use crate::this_worker;

#[derive(Default)]
pub(crate) struct Group {
    jobs: Mutex<Jobs>,
    changed: Condvar,
}

#[derive(Default)]
struct Jobs {
    by_number: BTreeMap<u64, Controls>,
    next_number: u64,
    cancelled: bool,
    /// Whether a job has come into the queue since somebody looked for such.
    some_queued: bool,
}

/// How a job is told that it is cancelled while it runs, and where it is before.
struct Controls {
    token: CancelToken,
    queued: Option<Weak<dyn Queued>>,
}

impl Group {
    /// Counts a job in, for as long as the member lives.
    pub(crate) fn enter(self: &Arc<Self>, token: CancelToken) -> Member {
        let mut jobs = sync::lock(&self.jobs);
        let number = jobs.next_number;
        jobs.next_number += 1;
        if jobs.cancelled {
            token.stop();
        }
        let controls = Controls {
            token,
            queued: None,
        };
        jobs.by_number.insert(number, controls);
        Member {
            group: Arc::clone(self),
            number,
        }
    }

    /// Tells where a job waits, which may be gone by now.
    pub(crate) fn set_queued(&self, number: u64, queued: Weak<dyn Queued>) {
        let mut jobs = sync::lock(&self.jobs);
        if jobs.cancelled {
            drop(jobs);
            discard(&queued);
        } else if let Some(controls) = jobs.by_number.get_mut(&number) {
            controls.queued = Some(queued);
            jobs.some_queued = true;
            drop(jobs);
            self.changed.notify_all();
        }
    }

    /// Cancels the jobs that wait, and all that come; tells those that run.
    pub(crate) fn cancel(&self) {
        let mut jobs = sync::lock(&self.jobs);
        jobs.cancelled = true;
        let mut all_queued = Vec::new();
        for controls in jobs.by_number.values() {
            controls.token.stop();
            all_queued.extend(controls.queued.clone());
        }
        drop(jobs);
        for queued in &all_queued {
            discard(queued);
        }
    }

    /// Waits until all jobs are gone. A worker of the pool does those that wait itself.
    pub(crate) fn wait_until_empty(&self) {
        let helps = this_worker::is_any();
        let mut jobs = sync::lock(&self.jobs);
        while !jobs.by_number.is_empty() {
            if helps && std::mem::take(&mut jobs.some_queued) {
                let all = jobs.by_number.values_mut();
                let queued: Vec<_> = all.filter_map(|controls| controls.queued.take()).collect();
                drop(jobs);
                for queued in queued.iter().filter_map(Weak::upgrade) {
                    queued.run_here();
                }
                jobs = sync::lock(&self.jobs);
            } else {
                (jobs, _) = sync::wait(&self.changed, jobs, None);
            }
        }
    }

    pub(crate) fn len(&self) -> usize {
        sync::lock(&self.jobs).by_number.len()
    }
}

fn discard(queued: &Weak<dyn Queued>) {
    if let Some(queued) = queued.upgrade() {
        queued.discard();
    }
}

/// A job of the group.
pub(crate) struct Member {
    group: Arc<Group>,
    number: u64,
}

impl Member {
    pub(crate) fn number(&self) -> u64 {
        self.number
    }
}

impl Drop for Member {
    fn drop(&mut self) {
        let mut jobs = sync::lock(&self.group.jobs);
        jobs.by_number.remove(&self.number);
        let is_last = jobs.by_number.is_empty();
        drop(jobs);
        if is_last {
            self.group.changed.notify_all();
        }
    }
}

//! What the engine keeps for us with an instance.

use std::sync::Arc;

use wasmtime::{Memory, Store};

use crate::error::TaskErrorKind;
use crate::grants::Grants;
use crate::limits::Due;
use crate::sandbox::host_state::HostState;
use crate::sandbox::interrupt::Interrupt;
use crate::sandbox::memory::Growth;
use crate::sandbox::processes::{Call, Fault};
use crate::sandbox::trap::Stopped;

/// How far the instance may grow, what runs in it, and what its imports need.
pub(crate) struct Guest {
    pub(super) growth: Growth,
    task: Option<Task>,
    pub(crate) host: HostState,
}

/// When the task is to be ended.
struct Task {
    interrupt: Arc<Interrupt>,
    due: Option<Due>,
}

impl Drop for Task {
    fn drop(&mut self) {
        // The guest's memory lives until all of its store's data is dropped.
        self.interrupt.detach();
    }
}

impl Guest {
    pub(super) fn new(grants: &Grants) -> Result<Self, Fault> {
        Ok(Self {
            growth: Growth::default(),
            task: None,
            host: HostState::new(grants).map_err(TaskErrorKind::NoSandbox)?,
        })
    }

    /// A task begins, whose name is seldom asked for. Returns whether it is stopped otherwise than the last one
    /// here.
    #[inline]
    pub(super) fn begin<'a>(
        &mut self,
        name: impl FnOnce() -> &'a str,
        call: &Call<'_>,
        due: Option<&Due>,
    ) -> bool {
        self.growth.limit(call.limits);
        let is_other = match &mut self.task {
            Some(task) if Arc::ptr_eq(&task.interrupt, call.interrupt) => {
                task.due = due.copied();
                false
            }
            task => {
                let interrupt = Arc::clone(call.interrupt);
                *task = Some(Task {
                    interrupt,
                    due: due.copied(),
                });
                true
            }
        };
        call.interrupt.begin(due.map(|due| due.at));
        self.host.begin(name, call.limits);
        is_other
    }

    /// Has its tasks be stopped by flags in this memory of the store's.
    pub(super) fn watch(store: &Store<Self>, flags: Memory) {
        if let Some(task) = &store.data().task {
            task.interrupt.attach(store, flags);
        }
    }

    /// The task has ended.
    #[inline]
    pub(super) fn end(&mut self) {
        self.host.end();
    }

    /// Waits until then, or until the task is to be ended.
    #[cfg(feature = "wasi")]
    pub(crate) fn wait(&self, until: Option<std::time::Instant>) -> Result<(), Stopped> {
        if let Some(task) = &self.task {
            let due = task.due.map(|due| due.at);
            let first = [until, due].into_iter().flatten().min();
            task.interrupt.wait(first);
        }
        self.stopped()
    }

    /// Returns why the guest was made to trap, if it was.
    pub(super) fn trapped(&self) -> Option<Stopped> {
        let task = self.task.as_ref()?;
        match task.interrupt.has_raised() {
            true => self.stopped().err(),
            false => None,
        }
    }

    /// Returns why the task is to be ended, if it is.
    #[inline]
    pub(crate) fn stopped(&self) -> Result<(), Stopped> {
        match &self.task {
            Some(task) if task.interrupt.is_stopped() => Err(Stopped::Cancelled),
            Some(Task { due: Some(due), .. }) if due.is_over() => {
                Err(Stopped::DeadlineExceeded { limit: due.limit })
            }
            _ => Ok(()),
        }
    }
}

//! Those who are told of a task's end beside those who have its handle.

use std::sync::Arc;

use crate::arrivals::Arrivals;
use crate::completion::{Completion, Inner, Outcome};
use crate::state::State;
use crate::trace::Trace;

pub(super) type Callback<T> = Box<dyn FnOnce(&Outcome<T>) + Send>;

/// Who is told of a task beside those who have its handle.
pub(super) struct Watchers<T> {
    pub(super) trace: Option<Trace>,
    pub(super) arrivals: Vec<(Arc<Arrivals>, usize)>,
    pub(super) callbacks: Vec<Callback<T>>,
}

impl<T> Default for Watchers<T> {
    fn default() -> Self {
        Self {
            trace: None,
            arrivals: Vec::new(),
            callbacks: Vec::new(),
        }
    }
}

impl<T> Inner<T> {
    pub(super) fn watchers(&mut self) -> &mut Watchers<T> {
        self.watchers.get_or_insert_default()
    }
}

impl<T> Completion<T> {
    /// Returns what tells those who trace the task of it, until it has ended.
    pub(crate) fn trace(&self) -> Option<Trace> {
        match self.is_traced {
            true => self.lock().watchers().trace.clone(),
            false => None,
        }
    }

    /// Has the arrival of `index` reported: now, if the task is finished.
    pub(crate) fn report_to(&self, arrivals: &Arc<Arrivals>, index: usize) {
        let mut inner = self.lock();
        match inner.state {
            State::Pending(_) | State::Running(_) => {
                let arrivals = (Arc::clone(arrivals), index);
                inner.watchers().arrivals.push(arrivals);
            }
            State::Finishing(_) | State::Finished(_) | State::Taken => {
                drop(inner);
                arrivals.arrive(index);
            }
        }
    }

    /// Takes back a [`report_to`](Self::report_to).
    pub(crate) fn stop_reporting_to(&self, arrivals: &Arc<Arrivals>) {
        if let Some(watchers) = &mut self.lock().watchers {
            watchers
                .arrivals
                .retain(|(other, _)| !Arc::ptr_eq(other, arrivals));
        }
    }
}

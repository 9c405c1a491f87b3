//! Those who are told of a task's end beside those who have its handle, and when.

use std::sync::Arc;

use crate::arrivals::Arrivals;
use crate::completion::{Completion, Inner, Outcome};
use crate::quietly::quietly;
use crate::state::{End, State};
use crate::trace::Trace;

type Callback<T> = Box<dyn FnOnce(&Outcome<T>) + Send>;

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
    fn watchers(&mut self) -> &mut Watchers<T> {
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

    /// Has `callback` called with the outcome: now, if there is one.
    pub(crate) fn on_finish(&self, callback: Callback<T>) {
        let mut inner = self.lock();
        inner.watchers().callbacks.push(callback);
        let State::Finished(outcome) = &inner.state else {
            return;
        };
        let end = End::of(outcome);
        let finished = std::mem::replace(&mut inner.state, State::Finishing(end));
        drop(inner);
        if let State::Finished(outcome) = finished {
            self.run_callbacks(outcome, ());
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

    /// Runs callbacks until there are none left, then leaves the outcome for the joiner.
    pub(super) fn run_callbacks<R>(&self, outcome: Outcome<T>, release: R) {
        loop {
            let mut inner = self.lock();
            let callbacks = match &mut inner.watchers {
                Some(watchers) => std::mem::take(&mut watchers.callbacks),
                None => Vec::new(),
            };
            if callbacks.is_empty() {
                drop(release);
                return self.leave(inner, outcome);
            }
            drop(inner);
            for callback in callbacks {
                quietly(|| callback(&outcome));
            }
        }
    }
}

//! The calls that were submitted and whose results were not written yet, in the order of their lines.

use std::collections::VecDeque;

use sandpool::TaskHandle;

use crate::{failure, json};

/// The call of one line.
pub(super) struct Call {
    pub(super) line: u64,
    /// The call, or why there is none.
    pub(super) handle: Result<TaskHandle<String>, String>,
}

impl Call {
    pub(super) fn is_finished(&self) -> bool {
        self.handle.as_ref().map_or(true, TaskHandle::is_finished)
    }

    /// Returns the result as one line of JSON, or what went wrong as one line of text.
    pub(super) fn outcome(self) -> Result<String, String> {
        let result = self.handle?.join().map_err(|error| failure::line(&error))?;
        json::compact(&result).map_err(|error| format!("the result is not JSON: {error}"))
    }
}

/// Calls that wait for their turn.
#[derive(Default)]
pub(super) struct Window {
    calls: VecDeque<Call>,
}

/// What is left when the calls are given up.
pub(super) struct Rest {
    /// Calls that have finished, in the order of their lines.
    pub(super) finished: Vec<Call>,
    /// Lines before the last finished one whose calls have not.
    pub(super) skipped: Vec<u64>,
    /// The line from which on nothing was done.
    pub(super) from: Option<u64>,
}

impl Window {
    pub(super) fn push(&mut self, call: Call) {
        self.calls.push_back(call);
    }

    /// Takes out the first call if it has finished.
    pub(super) fn pop_finished(&mut self) -> Option<Call> {
        self.calls.pop_front_if(|call| call.is_finished())
    }

    pub(super) fn is_empty(&self) -> bool {
        self.calls.is_empty()
    }

    /// Parts the calls that have finished from the others.
    pub(super) fn give_up(self) -> Rest {
        let mut rest = Rest {
            finished: Vec::new(),
            skipped: Vec::new(),
            from: None,
        };
        for call in self.calls {
            if !call.is_finished() {
                rest.skipped.push(call.line);
                rest.from.get_or_insert(call.line);
            } else {
                rest.from = None;
                rest.finished.push(call);
            }
        }
        if let Some(from) = rest.from {
            rest.skipped.retain(|line| *line < from);
        }
        rest
    }
}

#[cfg(test)]
mod tests {
    use super::{Call, Window};

    // A call that was refused has finished; one of a closure that waits for the end of the test
    // has not.
    #[test]
    fn giving_up_tells_finished_calls_from_gaps_and_from_the_rest() {
        let (end, ended) = std::sync::mpsc::channel::<()>();
        let pool = sandpool::ThreadPool::new(1).expect("one thread is allowed");
        let ended = std::sync::Arc::new(std::sync::Mutex::new(ended));
        let endless = || {
            let ended = ended.clone();
            pool.submit(move || {
                let _ = ended.lock().map(|ended| ended.recv());
                String::new()
            })
        };
        let mut window = Window::default();
        for (line, finished) in [(1, true), (2, false), (4, true), (5, false), (7, false)] {
            let handle = match finished {
                true => Err("refused".to_owned()),
                false => Ok(endless().expect("the pool takes calls")),
            };
            window.push(Call { line, handle });
        }
        assert_eq!(window.pop_finished().map(|call| call.line), Some(1));
        assert!(window.pop_finished().is_none(), "line 4 waits for line 2");
        let rest = window.give_up();
        let finished: Vec<u64> = rest.finished.iter().map(|call| call.line).collect();
        assert_eq!(
            (finished, rest.skipped, rest.from),
            (vec![4], vec![2], Some(5))
        );
        drop(end);
    }
}

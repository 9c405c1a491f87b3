//! The log lines of a guest: bounded, and made harmless.

use sandpool_abi::imports::Level;

use crate::trace;

/// How much of a line is kept.
const LINE_BYTES: usize = 8 << 10;

/// What a sandbox may still log.
#[derive(Debug)]
pub(super) struct Lines {
    is_granted: bool,
    task: String,
    limit_bytes: usize,
    left_bytes: usize,
    is_full: bool,
}

impl Lines {
    pub(super) fn new(is_granted: bool) -> Self {
        Self {
            is_granted,
            task: String::new(),
            limit_bytes: 0,
            left_bytes: 0,
            is_full: false,
        }
    }

    #[cfg(feature = "wasi")]
    pub(super) fn is_granted(&self) -> bool {
        self.is_granted
    }

    /// A task begins, which may log so much.
    pub(super) fn begin(&mut self, task: &str, limit_bytes: usize) {
        if self.is_granted {
            self.task.clear();
            self.task.push_str(task);
        }
        self.limit_bytes = limit_bytes;
        self.left_bytes = limit_bytes;
        self.is_full = false;
    }

    /// Logs a line, as far as there is room. An empty one takes a byte, too.
    pub(super) fn write(&mut self, level: Level, line: &[u8]) {
        if self.is_full || !self.is_granted {
            return;
        }
        let shown = &line[..line.len().min(LINE_BYTES)];
        let Some(left_bytes) = self.left_bytes.checked_sub(shown.len() + 1) else {
            self.is_full = true;
            let limit_bytes = self.limit_bytes;
            let last = format!("the rest is dropped: the task may log {limit_bytes} bytes");
            return trace::guest_line(Level::Warn, &self.task, &last);
        };
        self.left_bytes = left_bytes;
        let mut text = String::from_utf8_lossy(shown).into_owned();
        if line.len() > shown.len() {
            text.push_str(&format!("... ({} bytes cut off)", line.len() - shown.len()));
        }
        trace::guest_line(level, &self.task, &text);
    }
}

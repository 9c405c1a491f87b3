//! Stdin, stdout and stderr: kept in memory, or lines in the log.

use std::mem;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use sandpool_abi::imports::Level;
use tokio::io::{AsyncRead, AsyncWrite};
use wasmtime_wasi::async_trait;
use wasmtime_wasi::cli::{IsTerminal, StdinStream, StdoutStream};
use wasmtime_wasi::p2::pipe::{MemoryInputPipe, MemoryOutputPipe};
use wasmtime_wasi::p2::{InputStream, OutputStream, Pollable, StreamError, StreamResult};

use crate::error::TaskErrorKind;
use crate::sandbox::lines::Lines;
use crate::sandbox::trap::HostFault;
use crate::sync;

/// What a guest reads.
#[derive(Clone, Default)]
pub(super) struct Input(Arc<Mutex<Bytes>>);

impl Input {
    pub(super) fn give(&self, bytes: Vec<u8>) {
        *sync::lock(&self.0) = bytes.into();
    }
}

#[async_trait]
impl Pollable for Input {
    async fn ready(&mut self) {}
}

impl InputStream for Input {
    fn read(&mut self, size: usize) -> StreamResult<Bytes> {
        let mut bytes = sync::lock(&self.0);
        match bytes.len().min(size) {
            0 if bytes.is_empty() => Err(StreamError::Closed),
            size => Ok(bytes.split_to(size)),
        }
    }
}

impl IsTerminal for Input {
    fn is_terminal(&self) -> bool {
        false
    }
}

impl StdinStream for Input {
    fn p2_stream(&self) -> Box<dyn InputStream> {
        Box::new(self.clone())
    }

    /// Is for later previews: preview 1 does not ask for it.
    fn async_stream(&self) -> Box<dyn AsyncRead + Send + Sync> {
        StdinStream::async_stream(&MemoryInputPipe::new(Bytes::new()))
    }
}

/// Where a guest writes.
#[derive(Clone)]
pub(super) struct Output(Arc<Mutex<Sink>>);

struct Sink {
    kept: Vec<u8>,
    keep: Kept,
    lines: Arc<Mutex<Lines>>,
    level: Level,
    /// What was written since the last line break.
    line: Vec<u8>,
}

/// What is kept of what a guest writes.
#[derive(Clone, Copy)]
pub(super) enum Kept {
    /// Nothing: it is logged.
    Nothing,
    /// All, and not logged; a guest that writes more than so many bytes is ended.
    All(usize),
    /// The last so many bytes, and it is logged.
    Last(usize),
}

/// How long a line can get before it is logged without its end.
const LINE_BYTES: usize = 16 << 10;

impl Output {
    /// Has lines logged with this level.
    pub(super) fn new(lines: &Arc<Mutex<Lines>>, level: Level) -> Self {
        Self(Arc::new(Mutex::new(Sink {
            kept: Vec::new(),
            keep: Kept::Nothing,
            lines: Arc::clone(lines),
            level,
            line: Vec::new(),
        })))
    }

    pub(super) fn keep(&self, keep: Kept) {
        sync::lock(&self.0).keep = keep;
    }

    /// Returns what was kept.
    pub(super) fn take(&self) -> Vec<u8> {
        let mut sink = sync::lock(&self.0);
        let mut kept = mem::take(&mut sink.kept);
        if let Kept::Last(most) = sink.keep {
            kept.drain(..kept.len().saturating_sub(most));
        }
        kept
    }

    /// Logs what was written since the last line break.
    pub(super) fn end_line(&self) {
        let mut sink = sync::lock(&self.0);
        if !sink.line.is_empty() {
            sink.end_line();
        }
    }
}

impl Sink {
    fn write(&mut self, bytes: &[u8]) -> Result<(), HostFault> {
        match self.keep {
            Kept::Nothing => self.log(bytes),
            Kept::All(most) => {
                let all = self.kept.len().saturating_add(bytes.len());
                if all > most {
                    return Err(HostFault(TaskErrorKind::ResultTooLarge {
                        bytes: all,
                        limit_bytes: most,
                    }));
                }
                self.kept.extend_from_slice(bytes);
            }
            Kept::Last(most) => {
                self.kept.extend_from_slice(bytes);
                // Not at every write, so that each byte is moved once or twice.
                if self.kept.len() > most.saturating_mul(2) {
                    self.kept.drain(..self.kept.len() - most);
                }
                self.log(bytes);
            }
        }
        Ok(())
    }

    fn log(&mut self, bytes: &[u8]) {
        if !sync::lock(&self.lines).is_granted() {
            return;
        }
        for part in bytes.split_inclusive(|byte| *byte == b'\n') {
            let (text, is_whole) = match part.strip_suffix(b"\n") {
                Some(text) => (text, true),
                None => (part, false),
            };
            self.line.extend_from_slice(text);
            if is_whole || self.line.len() > LINE_BYTES {
                self.end_line();
            }
        }
    }

    fn end_line(&mut self) {
        sync::lock(&self.lines).write(self.level, &self.line);
        self.line.clear();
    }
}

#[async_trait]
impl Pollable for Output {
    async fn ready(&mut self) {}
}

impl OutputStream for Output {
    fn write(&mut self, bytes: Bytes) -> StreamResult<()> {
        let written = sync::lock(&self.0).write(&bytes);
        written.map_err(|fault| StreamError::Trap(fault.into()))
    }

    fn flush(&mut self) -> StreamResult<()> {
        Ok(())
    }

    fn check_write(&mut self) -> StreamResult<usize> {
        /// There is always room: a guest that goes past a limit is ended.
        const ROOM_BYTES: usize = 64 << 10;
        Ok(ROOM_BYTES)
    }
}

impl IsTerminal for Output {
    fn is_terminal(&self) -> bool {
        false
    }
}

impl StdoutStream for Output {
    fn p2_stream(&self) -> Box<dyn OutputStream> {
        Box::new(self.clone())
    }

    /// Is for later previews: preview 1 does not ask for it.
    fn async_stream(&self) -> Box<dyn AsyncWrite + Send + Sync> {
        StdoutStream::async_stream(&MemoryOutputPipe::new(0))
    }
}

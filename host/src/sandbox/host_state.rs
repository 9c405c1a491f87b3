//! What the host keeps for the imports of one sandbox.

use std::sync::{Arc, Mutex};
use std::time::Instant;

use crate::grants::{Generator, Grants, Randomness};
use crate::limits::Limits;
use crate::sandbox::lines::Lines;
#[cfg(feature = "wasi")]
use crate::sandbox::wasi::System;
use crate::sync;

/// The state of what is granted, from the first task of a sandbox to its last.
pub(crate) struct HostState {
    /// When that was, if it is granted to know.
    pub(super) made: Option<Instant>,
    pub(super) random: Generator,
    may_log: bool,
    /// Shared with what becomes of stdout and stderr.
    pub(super) lines: Arc<Mutex<Lines>>,
    /// What a function of the host has replied and the guest has not taken.
    pub(super) reply: Option<Vec<u8>>,
    pub(super) argument_bytes: usize,
    pub(super) result_bytes: usize,
    #[cfg(feature = "wasi")]
    pub(super) wasi: Option<System>,
}

impl HostState {
    /// Of a sandbox that is made now.
    ///
    /// # Errors
    ///
    /// Something that is granted is not there any more. Holds the reason.
    pub(crate) fn new(grants: &Grants) -> Result<Self, String> {
        let made = grants.clock.then(Instant::now);
        let lines = Arc::new(Mutex::new(Lines::new(grants.log)));
        Ok(Self {
            made,
            random: grants.randomness.unwrap_or(Randomness::Seeded(0)).into(),
            #[cfg(feature = "wasi")]
            wasi: match &grants.wasi {
                Some(wasi) => Some(System::new(wasi, made, &lines)?),
                None => None,
            },
            may_log: grants.log,
            lines,
            reply: None,
            argument_bytes: 0,
            result_bytes: 0,
        })
    }

    /// A task begins.
    #[inline]
    pub(crate) fn begin<'a>(&mut self, task: impl FnOnce() -> &'a str, limits: &Limits) {
        self.reply = None;
        self.argument_bytes = limits.argument_bytes;
        self.result_bytes = limits.result_bytes;
        if self.may_log {
            sync::lock(&self.lines).begin(task(), limits.log_bytes);
        }
    }

    /// The task has ended.
    #[inline]
    pub(crate) fn end(&mut self) {
        self.reply = None;
        #[cfg(feature = "wasi")]
        if let Some(system) = &self.wasi {
            system.end();
        }
    }
}

//! Compiling, which a module can make take as long as it likes: within a time limit, on threads that
//! run no tasks: one of its own, and those that all users of `rayon` in the process share.
//!
//! The compiler has no way to be stopped; but it asks a cache for every function, and a cache that
//! unwinds ends it there. So what a time limit costs beyond itself is one function on each thread.

use std::borrow::Cow;
use std::panic::resume_unwind;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use wasmtime::{CacheStore, Engine, Module};

use crate::error::LoadError;
use crate::panic_place;
use crate::sandbox::engine::{Profile, Room};

/// Deep nests of blocks are walked by recursion.
const STACK_BYTES: usize = 8 << 20;

/// An engine, and what ends its compilation when the time is up.
pub(super) struct Compiler {
    pub(super) engine: Engine,
    watch: Arc<Watch>,
    limit: Duration,
}

impl Compiler {
    /// Of an engine with this room. The time begins now.
    pub(super) fn new(profile: &Profile, room: &Room, limit: Duration) -> Result<Self, LoadError> {
        let watch = Arc::new(Watch {
            until: Instant::now().checked_add(limit),
            ended: AtomicBool::new(false),
        });
        let engine = profile.engine(room, watch.clone()).map_err(invalid)?;
        Ok(Self {
            engine,
            watch,
            limit,
        })
    }

    /// Compiles a module that was checked.
    ///
    /// # Errors
    ///
    /// [`LoadError::CompileTime`] when the time is up, [`LoadError::Invalid`] where the compiler refuses,
    /// [`LoadError::Compiler`] where it fails, [`LoadError::Thread`] where there is no thread for it.
    pub(super) fn compile(&self, wasm: Vec<u8>) -> Result<Module, LoadError> {
        compile(wasm, &self.engine, &self.watch, self.limit)
    }
}

fn compile(
    wasm: Vec<u8>,
    engine: &Engine,
    watch: &Watch,
    limit: Duration,
) -> Result<Module, LoadError> {
    let (send, compiled) = mpsc::channel();
    let compiler = engine.clone();
    thread::Builder::new()
        .name("sandpool-compile".to_owned())
        .stack_size(STACK_BYTES)
        .spawn(move || {
            let module = panic_place::catch(|| Module::new(&compiler, wasm));
            // Where nobody waits any more, it is dropped here.
            let _ = send.send(module);
        })
        .map_err(LoadError::Thread)?;
    let module = match watch.until {
        Some(until) => compiled.recv_timeout(until.saturating_duration_since(Instant::now())),
        None => compiled.recv().map_err(RecvTimeoutError::from),
    };
    match module {
        Ok(Ok(Ok(module))) => Ok(module),
        Ok(Ok(Err(error))) => Err(invalid(error)),
        Ok(Err(panic)) if !watch.ended.load(Ordering::Relaxed) => {
            Err(LoadError::Compiler(panic.to_string()))
        }
        Ok(Err(_)) | Err(RecvTimeoutError::Timeout) => Err(LoadError::CompileTime { limit }),
        Err(RecvTimeoutError::Disconnected) => unreachable!("the thread sends before it ends"),
    }
}

/// Is asked for every function, has none, and ends the compilation when the time is up.
#[derive(Debug)]
struct Watch {
    until: Option<Instant>,
    ended: AtomicBool,
}

impl CacheStore for Watch {
    fn get(&self, _: &[u8]) -> Option<Cow<'_, [u8]>> {
        let is_over = self.until.is_some_and(|until| Instant::now() >= until);
        if is_over && cfg!(panic = "unwind") {
            self.ended.store(true, Ordering::Relaxed);
            // Not `panic!`, which would tell the panic hook of it.
            resume_unwind(Box::new(()));
        }
        None
    }

    fn insert(&self, _: &[u8], _: Vec<u8>) -> bool {
        true
    }
}

#[expect(
    clippy::needless_pass_by_value,
    reason = "the shape that `map_err` wants"
)]
pub(super) fn invalid(error: wasmtime::Error) -> LoadError {
    LoadError::Invalid(format!("{error:#}"))
}

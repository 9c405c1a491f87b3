//! The words of a running guest that its polls look at: see `rewrite::polls`. Written by other threads,
//! which only this module may do.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Instant;

use wasmtime::{Memory, Store};

use crate::sandbox::guest::Guest;
use crate::sync;

/// The flags of the task that runs: wherever they are, and whether they are up.
#[derive(Default)]
pub(super) struct Flags {
    state: Mutex<State>,
    /// Whether they are up or may come to be without anybody's call.
    has_changed: AtomicBool,
}

#[derive(Default)]
struct State {
    words: Option<Words>,
    raised: bool,
    due: Option<Instant>,
}

/// All of an instance's second memory.
struct Words {
    first: *mut AtomicU32,
    number: usize,
}

#[expect(unsafe_code, reason = "a pointer into the memory of an instance")]
// SAFETY: nothing about the memory belongs to a thread.
unsafe impl Send for Words {}

impl Words {
    fn set(&self, value: u32) {
        for word in 0..self.number {
            #[expect(
                unsafe_code,
                reason = "the engine has no way to write to a running guest's memory"
            )]
            // SAFETY: `first` points to so many aligned words (`Flags::attach`) of a memory that lives: it is
            // its store's, and the store's data detaches the flags when it is dropped, which is before
            // the store's memories are. The memory's size is fixed, so it does not move. No reference
            // to it exists anywhere; the guest only loads words from it, each by one instruction.
            let word = unsafe { &*self.first.add(word) };
            word.store(value, Ordering::Relaxed);
        }
    }
}

impl Flags {
    /// Has the flags be those in this memory, until [`detach`](Self::detach). To be called by
    /// what becomes the store's data, which detaches them when it is dropped.
    pub(super) fn attach(&self, store: &Store<Guest>, memory: Memory) {
        let first = memory.data_ptr(store).cast::<AtomicU32>();
        assert!(first.is_aligned(), "a memory begins with a page");
        let number = memory.data_size(store) / size_of::<AtomicU32>();
        sync::lock(&self.state).words = Some(Words { first, number });
    }

    /// Lets go of them.
    pub(super) fn detach(&self) {
        let mut state = sync::lock(&self.state);
        state.lower();
        state.words = None;
    }

    /// A task begins: puts the flags down, if they are up. From `due` on, if there is one,
    /// [`raise_if_due`](Self::raise_if_due) puts them up.
    #[inline]
    pub(super) fn begin(&self, due: Option<Instant>) {
        // What is not seen here is of this task, or finds that it is not due.
        if due.is_some() || self.has_changed.load(Ordering::Acquire) {
            let mut state = sync::lock(&self.state);
            state.lower();
            state.due = due;
            self.has_changed.store(due.is_some(), Ordering::Release);
        }
    }

    /// Puts the flags up, if they are there.
    pub(super) fn raise(&self) {
        self.raise_if(|_| true);
    }

    /// Puts the flags up, if they are there and the task that runs is due.
    pub(super) fn raise_if_due(&self) {
        self.raise_if(|state| state.due.is_some_and(|due| due <= Instant::now()));
    }

    fn raise_if(&self, condition: impl FnOnce(&State) -> bool) {
        let mut state = sync::lock(&self.state);
        if let (Some(words), true) = (&state.words, condition(&state)) {
            words.set(1);
            state.raised = true;
            self.has_changed.store(true, Ordering::Release);
        }
    }

    pub(super) fn are_raised(&self) -> bool {
        sync::lock(&self.state).raised
    }
}

impl State {
    fn lower(&mut self) {
        if let (Some(words), true) = (&self.words, self.raised) {
            words.set(0);
        }
        self.raised = false;
    }
}

//! Foreign code that may panic, where nobody can do anything about it.

use std::panic::{AssertUnwindSafe, catch_unwind};

/// Runs foreign code whose panic is nobody else's affair; the panic hook has told of it.
pub(crate) fn quietly(run: impl FnOnce()) {
    let panicked = catch_unwind(AssertUnwindSafe(run));
    // Dropping what it panicked with may panic again; what that panics with is not dropped.
    if let Err(payload) = catch_unwind(AssertUnwindSafe(|| drop(panicked))) {
        std::mem::forget(payload);
    }
}

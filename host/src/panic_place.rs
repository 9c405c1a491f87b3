//! Where a closure panicked: known to the panic hook only, so there is one more hook.

use std::any::Any;
use std::cell::{Cell, RefCell};
use std::panic::{AssertUnwindSafe, PanicHookInfo, catch_unwind};
use std::sync::Once;

use crate::error::{Panic, Place};
use crate::quietly::quietly;

thread_local! {
    static LAST: RefCell<Option<Place>> = const { RefCell::new(None) };

    /// Whether that is of a panic since the last [`forget`].
    static IS_NEW: Cell<bool> = const { Cell::new(false) };
}

/// Puts the hook before the one that there is, once. It changes nothing: the other one runs next.
pub(crate) fn install() {
    static INSTALLED: Once = Once::new();
    INSTALLED.call_once(|| {
        let next = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            note(info);
            next(info);
        }));
    });
}

fn note(info: &PanicHookInfo<'_>) {
    let place = info.location().map(|location| Place {
        file: location.file().to_owned(),
        line: location.line(),
        column: location.column(),
    });
    // Not where the thread is being torn down.
    let _ = LAST.try_with(|last| *last.borrow_mut() = place);
    IS_NEW.set(true);
}

/// Forgets where others panicked: a panic that was caught before is not the one to come, which may be without a
/// place.
#[inline]
pub(crate) fn forget() {
    IS_NEW.set(false);
}

/// Runs foreign code, and returns what is known of its panic if it does. What it shares with others is
/// theirs to protect. The panic is in a box: every result has room for it.
#[inline]
pub(crate) fn catch<R>(run: impl FnOnce() -> R) -> Result<R, Box<Panic>> {
    forget();
    catch_unwind(AssertUnwindSafe(run)).map_err(|payload| {
        let panic = panic_of(&*payload);
        // It may be anything, and panic in its turn.
        quietly(|| drop(payload));
        Box::new(panic)
    })
}

/// Returns what is known of the panic that was just caught on this thread.
fn panic_of(payload: &(dyn Any + Send)) -> Panic {
    let message = if let Some(text) = payload.downcast_ref::<&str>() {
        (*text).to_owned()
    } else if let Some(text) = payload.downcast_ref::<String>() {
        text.clone()
    } else {
        "a value that is not text".to_owned()
    };
    let place = LAST.take().filter(|_| IS_NEW.get());
    Panic { message, place }
}

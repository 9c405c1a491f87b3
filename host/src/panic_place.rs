//! Where a closure panicked: known to the panic hook only, so there is one more hook.

use std::any::Any;
use std::cell::RefCell;
use std::panic::PanicHookInfo;
use std::sync::Once;

use crate::completion::quietly;
use crate::error::{Panic, Place};

thread_local! {
    static LAST: RefCell<Option<Place>> = const { RefCell::new(None) };
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
}

/// Forgets panics of before on this thread: one that was caught there is not the one to come, which
/// may be without a place.
pub(crate) fn forget() {
    LAST.take();
}

/// Returns what is known of the panic that was just caught on this thread, and drops what it came with,
/// which may panic itself.
pub(crate) fn panic_of(payload: Box<dyn Any + Send>) -> Panic {
    let message = if let Some(text) = payload.downcast_ref::<&str>() {
        (*text).to_owned()
    } else if let Some(text) = payload.downcast_ref::<String>() {
        text.clone()
    } else {
        "a value that is not text".to_owned()
    };
    let place = LAST.take();
    quietly(|| drop(payload));
    Panic { message, place }
}

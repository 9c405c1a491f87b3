//! The engine's epochs: see `Interruption::Epochs`. `flags` and `rewrite` are the other mechanism.
//!
//! Guests look at their engine's epoch at every loop and function entry. When it has moved on, they
//! call back, and the callback looks whether it is this guest that is meant: the epoch belongs to
//! all guests of a module.
//!
//! A guest that was not meant is told to look again at the next epoch, and the engine reads the present
//! one for that only after the callback has answered: a step in between is lost on it. So who wants
//! a guest to end has guests look again and again until it has.

use wasmtime::{Config, Engine, Store, UpdateDeadline};

use crate::sandbox::guest::Guest;

/// Has compiled code look at the epoch.
pub(super) fn configure(config: &mut Config) {
    config.epoch_interruption(true);
}

/// Has a guest that sees that the epoch has moved on look whether it is to end.
pub(super) fn watch(store: &mut Store<Guest>) {
    store.epoch_deadline_callback(|guest| {
        guest.data().stopped()?;
        Ok(UpdateDeadline::Continue(1))
    });
}

/// To be called before a guest is: from here on it sees steps of the epoch.
pub(super) fn begin(store: &mut Store<Guest>) {
    store.set_epoch_deadline(1);
}

/// Has all guests of the engine look whether they are to end.
pub(super) fn interrupt(engine: &Engine) {
    engine.increment_epoch();
}

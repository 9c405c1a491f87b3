//! Which pool's worker a thread is.

use std::any::Any;
use std::cell::{Cell, RefCell};
use std::rc::Rc;

use crate::sync::thread_local;

thread_local! {
    /// The pool whose thread this is, from its first moment to its last.
    static THREAD_OF: Cell<Option<PoolId>> = const { Cell::new(None) };

    /// The pool whose worker this thread is, and what it owns.
    static WORKER: RefCell<Option<(PoolId, Rc<dyn Any>)>> = RefCell::new(None);
}

/// Tells pools apart while they live: an address.
#[derive(Clone, Copy, PartialEq)]
pub(crate) struct PoolId(usize);

impl PoolId {
    pub(crate) fn of<T>(pool: &T) -> Self {
        Self(std::ptr::from_ref(pool).addr())
    }
}

/// Notes that this thread is one of the pool's, also while it is not a worker yet, or not any more.
pub(crate) fn begin(pool: PoolId) {
    THREAD_OF.with(|thread_of| thread_of.set(Some(pool)));
}

/// Whether this thread is one of this pool's.
pub(crate) fn is_thread_of(pool: PoolId) -> bool {
    THREAD_OF
        .try_with(Cell::get)
        .is_ok_and(|of| of == Some(pool))
}

/// Notes that this thread is a worker, until the guard is dropped.
pub(crate) fn enter<W: 'static>(pool: PoolId, own: Rc<W>) -> Entered {
    WORKER.with(|worker| worker.replace(Some((pool, own))));
    Entered(())
}

/// This thread is a worker.
pub(crate) struct Entered(());

impl Drop for Entered {
    fn drop(&mut self) {
        let worker = WORKER.with(RefCell::take);
        // Not while it is borrowed: what a worker owns may ask whose it is when it is dropped.
        drop(worker);
    }
}

/// Whether this thread is a worker of some pool.
pub(crate) fn is_any() -> bool {
    ask(|_, _| Some(())).is_some()
}

/// Whether this thread is a worker of this pool.
pub(crate) fn is_of(pool: PoolId) -> bool {
    ask(|this, _| (this == pool).then_some(())).is_some()
}

/// What this thread owns if it is a worker of this pool.
pub(crate) fn own<W: 'static>(pool: PoolId) -> Option<Rc<W>> {
    ask(|this, own| {
        let same = this == pool;
        same.then(|| Rc::clone(own).downcast().ok()).flatten()
    })
}

/// Asks for the worker that this thread is; `None` on other threads, and on one that is ending.
fn ask<R>(ask: impl FnOnce(PoolId, &Rc<dyn Any>) -> Option<R>) -> Option<R> {
    let asked = WORKER.try_with(|worker| {
        let worker = worker.borrow();
        worker.as_ref().and_then(|(pool, own)| ask(*pool, own))
    });
    asked.ok().flatten()
}

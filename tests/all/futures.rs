//! Handles as futures, under any runtime.

use std::pin::pin;
use std::sync::{Arc, mpsc};
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::join_all;
use sandpool_tests::{LONG, on_both_pools};
use tokio::runtime::{Builder, Runtime};

/// The smallest runtime there is.
fn block_on<F: Future>(future: F) -> F::Output {
    struct Unpark(Thread);
    impl Wake for Unpark {
        fn wake(self: Arc<Self>) {
            self.0.unpark();
        }
    }
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    let mut future = pin!(future);
    loop {
        match future.as_mut().poll(&mut Context::from_waker(&waker)) {
            Poll::Ready(output) => return output,
            Poll::Pending => thread::park(),
        }
    }
}

fn runtimes() -> [Runtime; 2] {
    [Builder::new_current_thread(), Builder::new_multi_thread()]
        .map(|mut builder| builder.enable_time().worker_threads(2).build().unwrap())
}

/// Conformance: B8 (both)
#[test]
fn a_handle_is_a_future_beside_blocking_joins() {
    on_both_pools(1, |pool| {
        let busy = pool.busy();
        let [mut first, second, third] = [1, 2, 3].map(|n| pool.number(n));
        let mut context = Context::from_waker(Waker::noop());
        assert!(pin!(&mut first).poll(&mut context).is_pending());
        let joiner = thread::spawn(|| second.join().unwrap());
        drop(busy);
        let sum = block_on(async { first.await.unwrap() + third.await.unwrap() });
        assert_eq!(sum + joiner.join().unwrap(), 6);
    });
}

/// Conformance: B8 (both)
#[test]
fn many_handles_are_awaited_at_once_on_every_runtime() {
    for runtime in runtimes() {
        on_both_pools(2, |pool| {
            let busy = [pool.busy(), pool.busy()];
            let spawned = (0..50).map(|n| runtime.spawn(pool.number(n)));
            let spawned: Vec<_> = spawned.collect();
            let handles = (50..100).map(|n| pool.number(n));
            let together = join_all(handles.collect::<Vec<_>>());
            drop(busy);
            let outcomes = runtime.block_on(async {
                let first = join_all(spawned).await.into_iter().map(Result::unwrap);
                first.chain(together.await).collect::<Vec<_>>()
            });
            assert!(outcomes.into_iter().map(Result::unwrap).eq(0..100));
        });
    }
}

/// Conformance: 9, B8 (both)
#[test]
fn a_handle_that_lost_a_select_can_be_awaited_again() {
    for runtime in runtimes() {
        on_both_pools(1, |pool| {
            let busy = pool.busy();
            let mut handle = pool.number(42);
            runtime.block_on(async {
                tokio::select! {
                    outcome = &mut handle => panic!("{outcome:?} of a task that waits"),
                    () = tokio::time::sleep(Duration::from_millis(1)) => {}
                }
                assert!(busy.handle().is_running());
                drop(busy);
                let outcome = tokio::time::timeout(LONG, handle).await;
                assert_eq!(outcome.unwrap().unwrap(), 42);
            });
        });
    }
}

/// Conformance: B8 (both)
#[test]
fn dropping_the_future_does_not_lose_the_task() {
    for runtime in runtimes() {
        on_both_pools(1, |pool| {
            let busy = pool.busy();
            let handle = pool.number(42);
            let (tell, told) = mpsc::channel();
            handle.on_finish(move |outcome| tell.send(*outcome.as_ref().unwrap()).unwrap());
            runtime.block_on(async {
                let waited = tokio::time::timeout(Duration::from_millis(1), handle);
                assert!(waited.await.is_err(), "the future is dropped");
            });
            drop(busy);
            assert_eq!(told.recv_timeout(LONG), Ok(42));
        });
    }
}

/// Conformance: B8 (both)
#[test]
fn the_future_moves_from_runtime_to_runtime() {
    on_both_pools(1, |pool| {
        let busy = pool.busy();
        let mut handle = pool.number(42);
        for runtime in runtimes() {
            let soon = Duration::from_millis(1);
            let waited = async { tokio::time::timeout(soon, &mut handle).await };
            assert!(runtime.block_on(waited).is_err());
        }
        // The wakers of runtimes that are gone are not in the way.
        drop(busy);
        assert_eq!(block_on(handle).unwrap(), 42);
    });
}

/// A `TaskError` is no `Clone`, an `Arc` of it is: all readers see the same error.
///
/// Conformance: 10 (both)
#[test]
fn many_can_read_a_shared_future() {
    on_both_pools(1, |pool| {
        let busy = pool.busy();
        let value = pool.number(42).map(|outcome| outcome.map_err(Arc::new));
        let error = pool.failing().map(|outcome| outcome.map_err(Arc::new));
        let (value, error) = (value.shared(), error.shared());
        let readers = [(); 4].map(|()| {
            let (value, error) = (value.clone(), error.clone());
            thread::spawn(|| (block_on(value), block_on(error)))
        });
        drop(busy);
        let first = block_on(error).unwrap_err();
        for reader in readers {
            let (value, error) = reader.join().unwrap();
            assert_eq!(value.unwrap(), 42);
            assert!(Arc::ptr_eq(&error.unwrap_err(), &first));
        }
        assert_eq!(block_on(value).unwrap(), 42);
    });
}

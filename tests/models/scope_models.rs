//! Scopes: none ends before each of its jobs is gone, with all that the job holds.

use std::convert::Infallible;
use std::sync::Arc;

use shuttle::sync::atomic::{AtomicUsize, Ordering};
use shuttle::sync::mpsc::channel;
use shuttle::thread;

use crate::model::model;
use crate::shutdown::Shutdown;
use crate::thread_pool::ThreadPool;

/// Counts what jobs hold while it is there.
#[derive(Default)]
struct Alive(AtomicUsize);

impl Alive {
    fn enter(&self) -> Held<'_> {
        self.0.fetch_add(1, Ordering::SeqCst);
        Held(self)
    }

    fn assert_none(&self) {
        assert_eq!(self.0.load(Ordering::SeqCst), 0, "a job outlived its scope");
    }
}

/// What a job holds, and what it may return: it borrows.
struct Held<'a>(&'a Alive);

impl Drop for Held<'_> {
    fn drop(&mut self) {
        self.0.0.fetch_sub(1, Ordering::SeqCst);
    }
}

fn pool(workers: usize) -> ThreadPool {
    ThreadPool::new(workers).unwrap()
}

#[test]
fn a_scope_ends_after_jobs_whose_handles_were_dropped_or_cancelled() {
    model(|| {
        let pool = pool(2);
        let alive = Alive::default();
        let left = pool.scope(|scope| {
            let held = alive.enter();
            let cancelled = scope.submit(move || held).unwrap();
            let held = alive.enter();
            drop(scope.submit(move || held));
            cancelled.cancel();
            Ok::<_, Infallible>(())
        });
        alive.assert_none();
        assert_eq!(left, Ok(()));
    });
}

#[test]
fn a_scope_left_with_an_error_ends_after_its_jobs_and_those_that_they_submit() {
    model(|| {
        let pool = pool(2);
        let alive = Alive::default();
        let left = pool.scope(|scope| {
            for _ in 0..2 {
                let (held, inner) = (alive.enter(), alive.enter());
                drop(scope.submit(move || {
                    drop(scope.submit(move || drop(inner)));
                    drop(held);
                }));
            }
            Err::<(), _>("left")
        });
        alive.assert_none();
        assert_eq!(left, Err("left"));
    });
}

#[test]
fn a_scope_ends_after_what_shutdown_discards() {
    for how in [
        Shutdown::Finish,
        Shutdown::CancelPending,
        Shutdown::CancelAll,
    ] {
        model(move || {
            let pool = Arc::new(pool(1));
            let closing = Arc::clone(&pool);
            let shutdown = thread::spawn(move || closing.shutdown(how));
            let (alive, ran) = (Alive::default(), AtomicUsize::new(0));
            let accepted = pool.scope(|scope| {
                let accepted = [(); 2].map(|()| {
                    let (held, ran) = (alive.enter(), &ran);
                    let job = move || {
                        ran.fetch_add(1, Ordering::SeqCst);
                        drop(held);
                    };
                    scope.submit(job).is_ok()
                });
                Ok::<_, Infallible>(accepted.into_iter().filter(|&accepted| accepted).count())
            });
            alive.assert_none();
            shutdown.join().unwrap();
            let ran = ran.into_inner();
            assert!(ran == accepted.unwrap() || how != Shutdown::Finish);
        });
    }
}

#[test]
fn a_scope_ends_after_what_a_broken_pool_gives_up() {
    model(|| {
        let builder = ThreadPool::builder().workers(2);
        let pool = builder
            .initializer(|| Err("no licence".into()))
            .build()
            .unwrap();
        let alive = Alive::default();
        let left = pool.scope(|scope| {
            for _ in 0..2 {
                let held = alive.enter();
                drop(scope.submit(move || held));
            }
            Ok::<_, Infallible>(())
        });
        alive.assert_none();
        assert_eq!(left, Ok(()));
    });
}

#[test]
fn a_scope_on_the_only_worker_runs_its_jobs_itself() {
    for queue in [None, Some(1)] {
        model(move || {
            let mut builder = ThreadPool::builder().workers(1);
            if let Some(places) = queue {
                builder = builder.queue(places);
            }
            let pool = Arc::new(builder.build().unwrap());
            let own = Arc::clone(&pool);
            let outer = pool.submit(move || {
                let alive = Alive::default();
                let ran = AtomicUsize::new(0);
                let left = own.scope(|scope| {
                    for _ in 0..2 {
                        let held = alive.enter();
                        let ran = &ran;
                        let job = move || {
                            ran.fetch_add(1, Ordering::SeqCst);
                            drop(held);
                        };
                        drop(scope.submit(job).unwrap());
                    }
                    Ok::<_, Infallible>(())
                });
                (left, alive.0.into_inner(), ran.into_inner())
            });
            // Work of others, in the way or not.
            let other = pool.submit(|| ()).unwrap();
            assert_eq!(outer.unwrap().join().unwrap(), (Ok(()), 0, 2));
            other.join().unwrap();
        });
    }
}

#[test]
fn a_scope_that_waits_on_a_worker_runs_what_its_jobs_submit() {
    model(|| {
        let pool = Arc::new(pool(2));
        let own = Arc::clone(&pool);
        let outer = pool.submit(move || {
            own.scope(|scope| {
                let job = move || {
                    let (done, is_done) = channel();
                    drop(scope.submit(move || done.send(()).unwrap()).unwrap());
                    // Where the other worker runs this one, only the scope's own can run that one.
                    is_done.recv().unwrap();
                };
                drop(scope.submit(job).unwrap());
                Ok::<_, Infallible>(42)
            })
        });
        assert_eq!(outer.unwrap().join().unwrap(), Ok(42));
    });
}

#[test]
fn scopes_in_jobs_of_scopes_end_on_one_worker_and_on_two() {
    for workers in [1, 2] {
        model(move || {
            let pool = pool(workers);
            let alive = Alive::default();
            let sum = pool.scope(|outer| {
                let handles = [1, 2].map(|n| {
                    let (pool, alive) = (&pool, &alive);
                    let job = move || {
                        let nested = pool.scope(|inner| {
                            let held = alive.enter();
                            let job = move || {
                                drop(held);
                                n
                            };
                            inner.submit(job).unwrap().join()
                        });
                        nested.unwrap()
                    };
                    outer.submit(job).unwrap()
                });
                let [one, two] = handles.map(|handle| handle.join().unwrap());
                Ok::<_, Infallible>(one + two)
            });
            alive.assert_none();
            assert_eq!(sum, Ok(3));
        });
    }
}

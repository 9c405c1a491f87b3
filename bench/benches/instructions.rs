//! Runs each hot path a thousand times, in a function of its own, for a tool that counts its
//! instructions: see `.ci/instructions`. All of it is on one thread, so that the numbers are the same on
//! every run.

use std::hint::black_box;

use probe_tasks::{echo, nothing};
use sandpool::{Isolation, MapOptions, ProcessPool, TaskModule, ThreadPool};

const TIMES: usize = 1000;

/// Submits a closure and runs it: on a worker, which runs what it waits for.
#[inline(never)]
fn closures(pool: &ThreadPool) {
    for n in 0..TIMES {
        let handle = pool.submit(move || black_box(n)).expect("it is open");
        handle.join().expect("it does not fail");
    }
}

/// Calls a task in a sandbox that is there.
#[inline(never)]
fn call_warm(pool: &ProcessPool) {
    for _ in 0..TIMES {
        pool.call(nothing, ()).expect("it does not fail");
    }
}

/// The same with a kilobyte there and back.
#[inline(never)]
fn call_bytes(pool: &ProcessPool) {
    let bytes = [7; 1000];
    for _ in 0..TIMES {
        pool.call(echo, bytes.to_vec()).expect("it does not fail");
    }
}

/// The same in a sandbox that is made for it.
#[inline(never)]
fn call_fresh(pool: &ProcessPool) {
    for _ in 0..TIMES {
        pool.call(nothing, ()).expect("it does not fail");
    }
}

/// Items of a map, in one chunk.
#[inline(never)]
fn map_items(pool: &ThreadPool) {
    let options = MapOptions::new().chunk(TIMES);
    let results = pool.map_with(|n: usize| n + 1, 0..TIMES, options);
    for result in results.expect("it is open") {
        result.expect("it does not fail");
    }
}

fn main() {
    let threads = ThreadPool::new(1).expect("the pool can be made");
    let on_a_worker = |work: &(dyn Fn() + Sync)| {
        let ran = threads.scope(|scope| -> anyhow::Result<()> { Ok(scope.submit(work)?.join()?) });
        ran.expect("it does not fail");
    };
    on_a_worker(&|| closures(&threads));
    on_a_worker(&|| map_items(&threads));
    let module = TaskModule::new(probe_tasks::MODULE).expect("the module loads");
    for isolation in [
        Isolation::Fresh,
        Isolation::Reuse {
            tasks: usize::MAX.try_into().expect("not zero"),
        },
    ] {
        let pool = ProcessPool::builder(module.clone())
            .workers(1)
            .isolation(isolation);
        let pool = pool.build().expect("the pool can be made");
        match isolation {
            Isolation::Fresh => call_fresh(&pool),
            _ => {
                call_warm(&pool);
                call_bytes(&pool);
            }
        }
    }
}

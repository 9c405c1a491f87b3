//! A program whose `main` ends while a pool that was shut down without waiting has work. For the
//! tests of `all/exits.rs`, which read what it prints.

use std::process::{ExitCode, exit};
use std::time::Duration;

use fault_tasks as tasks;
use sandpool::{Limits, Shutdown, ThreadPool};
use sandpool_tests::{AnyPool, LONG, pool};

const CODE: u8 = 42;

/// Makes a pool of one worker, which is busy for long.
fn busy(kind: &str) -> Box<dyn AnyPool> {
    match kind {
        "threads" => {
            let pool = ThreadPool::new(1).expect("one thread");
            drop(pool.submit(|| std::thread::sleep(LONG)));
            Box::new(pool)
        }
        "processes" => {
            let pool = pool(1, Limits::new().timeout(LONG));
            drop(pool.submit(tasks::spin, ()));
            Box::new(pool)
        }
        _ => panic!("there is no pool of {kind}"),
    }
}

fn main() -> ExitCode {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    let [kind, way] = &arguments[..] else {
        panic!("the kind of pool and the way to end");
    };
    // As one in a static would: it is not dropped, which would wait.
    let pool = Box::leak(busy(kind));
    while pool.stats().running == 0 {
        std::thread::yield_now();
    }
    for n in 0..10 {
        pool.number(n).on_finish(|outcome| println!("{outcome:?}"));
    }
    assert!(!pool.shutdown_timeout(Shutdown::Finish, Duration::ZERO));
    println!("leaving");
    match way.as_str() {
        "exit" => exit(CODE.into()),
        "return" => CODE.into(),
        _ => panic!("there is no way to {way}"),
    }
}

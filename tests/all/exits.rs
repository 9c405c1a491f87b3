//! The end of a process whose pools still have work.

use std::env;
use std::process::{Command, exit};
use std::time::Duration;

use fault_tasks as tasks;
use sandpool::{Limits, Shutdown, ThreadPool};
use sandpool_tests::{AnyPool, LONG, pool};

/// Tells the helper which kind of pool to leave work in, and whether to exit at once.
const KIND: &str = "SANDPOOL_TEST_LEAVES";
const EXITS: &str = "SANDPOOL_TEST_EXITS";
const EXIT_CODE: i32 = 42;

/// Makes a pool of one worker, which is busy for long.
fn busy(kind: &str) -> Box<dyn AnyPool> {
    match kind {
        "threads" => {
            let pool = ThreadPool::new(1).unwrap();
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

#[test]
#[ignore = "ends its process; another test runs it in one of its own"]
fn a_pool_that_was_shut_down_without_waiting_is_left_behind() {
    // As one in a static would be: it is not dropped, which would wait.
    let pool = Box::leak(busy(&env::var(KIND).unwrap()));
    while pool.stats().running == 0 {
        std::thread::yield_now();
    }
    for n in 0..10 {
        let number = pool.number(n);
        number.on_finish(|outcome| println!("the task ended: {outcome:?}"));
    }
    assert!(!pool.shutdown_timeout(Shutdown::Finish, Duration::ZERO));
    println!("leaving");
    if env::var_os(EXITS).is_some() {
        exit(EXIT_CODE);
    }
}

/// Conformance: 72 (both)
#[test]
fn a_process_exits_although_its_pools_have_work() {
    for kind in ["threads", "processes"] {
        for (exits, code) in [(false, 0), (true, EXIT_CODE)] {
            let mut helper = Command::new(env::current_exe().unwrap());
            let name = "exits::a_pool_that_was_shut_down_without_waiting_is_left_behind";
            helper.args(["--ignored", "--exact", "--nocapture", name]);
            helper.env(KIND, kind);
            if exits {
                helper.env(EXITS, "");
            }
            let output = helper.output().unwrap();
            let printed = String::from_utf8(output.stdout).unwrap();
            assert!(printed.contains("leaving"), "{printed}");
            // Had the process waited, the tasks behind the first would have ended.
            assert!(!printed.contains("the task ended"), "{printed}");
            assert_eq!(output.status.code(), Some(code), "{printed}");
        }
    }
}

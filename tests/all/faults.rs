//! A task's fault is that task's error.

use std::time::Duration;

use fault_tasks as tasks;
use sandpool::{Limits, TaskErrorKind, TrapKind};
use sandpool_tests::pool;

fn limits() -> Limits {
    Limits::new()
        .timeout(Duration::from_millis(300))
        .memory_bytes(16 << 20)
}

#[test]
fn smoke() {
    let pool = pool(2, limits());
    println!("{:#?}", pool.module().tasks());
    println!("{:?}", pool.submit(tasks::add, (1, 2)).unwrap().join());
    println!("{:?}", pool.submit(tasks::echo, "x".into()).unwrap().join());
    println!(
        "{:?}",
        pool.submit(tasks::echo_bytes, vec![1]).unwrap().join()
    );
    println!("{:?}", pool.submit(tasks::nothing, ()).unwrap().join());
    println!(
        "{:?}",
        pool.submit(tasks::boom, "hello".into()).unwrap().join()
    );
    println!(
        "{:?}",
        pool.submit(tasks::index_out_of_bounds, 7).unwrap().join()
    );
    println!("{:?}", pool.submit(tasks::fail, "y".into()).unwrap().join());
    println!("{:?}", pool.submit(tasks::spin, ()).unwrap().join());
    println!("{:?}", pool.submit(tasks::hoard, 1 << 30).unwrap().join());
    println!("{:?}", pool.submit(tasks::hoard, 1 << 20).unwrap().join());
    println!("{:?}", pool.submit(tasks::recurse, 0).unwrap().join());
    println!(
        "{:?}",
        pool.submit(tasks::recurse_with_buffers, 0).unwrap().join()
    );
    println!("{:?}", pool.submit(tasks::abort, ()).unwrap().join());
    println!("{:?}", pool.submit(tasks::wild_read, ()).unwrap().join());
    println!("{:?}", pool.submit(tasks::count_calls, ()).unwrap().join());
    println!("{:?}", pool.submit(tasks::count_calls, ()).unwrap().join());
    println!(
        "{:?}",
        pool.submit(tasks::unencodable_result, ()).unwrap().join()
    );
    println!("{:?}", pool.submit_json("add", "[1,2]").unwrap().join());
    println!("{:?}", pool.submit_json("add", "[1,\"x\"]").unwrap().join());
    println!(
        "{:?}",
        pool.submit_bytes("echo_bytes", *b"abc").unwrap().join()
    );
    println!("{:?}", pool.submit_bytes("add", *b"abc"));
    println!("{:?}", pool.submit_json("nope", "1"));
    let _ = (TaskErrorKind::Cancelled, TrapKind::Other);
}

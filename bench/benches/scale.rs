//! What many sandboxes and long queues take.
//!
//! `cargo bench -p sandpool-bench --bench scale`

use std::fs;
use std::num::NonZeroUsize;
use std::process::Command;
use std::sync::{Arc, Barrier, Mutex, mpsc};
use std::time::Instant;

use sandpool::{Grants, Interruption, Isolation, ProcessPool, TaskModule, ThreadPool};
use shop_tasks::total;

/// Reads a number from what Linux tells of this process.
fn status(field: &str) -> usize {
    let status = fs::read_to_string("/proc/self/status").expect("this is Linux");
    let line = status.lines().find_map(|line| line.strip_prefix(field));
    let number = line.and_then(|line| line.split_whitespace().nth(1));
    number
        .and_then(|number| number.parse().ok())
        .expect("there is the field")
}

fn mappings() -> usize {
    let maps = fs::read_to_string("/proc/self/maps").expect("this is Linux");
    maps.lines().count()
}

/// Has so many sandboxes live at once, each in a task that waits for all others.
fn live(sandboxes: usize, interruption: Interruption) {
    let all = Arc::new(Barrier::new(sandboxes + 1));
    let own = Arc::clone(&all);
    let grants = Grants::new().function("price", move |_: String| {
        own.wait();
        own.wait();
        Some(1_u64)
    });
    let number = NonZeroUsize::new(sandboxes).expect("some are asked for");
    let module = TaskModule::builder(shop_tasks::MODULE)
        .grants(grants)
        .interruption(interruption)
        .sandboxes(number);
    let module = module.load().expect("the module loads");
    let (mappings_before, kib_before) = (mappings(), status("VmRSS"));
    let pool = ProcessPool::builder(module)
        .workers(sandboxes)
        .isolation(Isolation::Reuse { tasks: number });
    let pool = match pool.build() {
        Ok(pool) => pool,
        Err(error) => {
            println!("{sandboxes} live sandboxes, {interruption:?}: {error}");
            return;
        }
    };
    let start = Instant::now();
    let handles = (0..sandboxes).map(|_| pool.submit(total, vec!["apple".to_owned()]));
    let handles: Vec<_> = handles
        .collect::<Result<_, _>>()
        .expect("they are accepted");
    all.wait();
    let took = start.elapsed();
    let each = |now: usize, before: usize| (now - before) as f64 / sandboxes as f64;
    println!(
        "{sandboxes} live sandboxes, {interruption:?}: {:.1} mappings and {:.1} KiB for each with its thread, made in {:.1} us each",
        each(mappings(), mappings_before),
        each(status("VmRSS"), kib_before),
        took.as_secs_f64() * 1e6 / sandboxes as f64,
    );
    all.wait();
    for handle in handles {
        assert_eq!(handle.join().expect("it does not fail"), 1);
    }
}

/// Submits millions of tasks that wait, and prints what each takes, million by million.
fn queue<T>(what: &str, millions: usize, submit: impl Fn() -> T) {
    const MILLION: usize = 1_000_000;
    let mut handles = Vec::with_capacity(millions * MILLION);
    let kib_before = status("VmRSS");
    let mut times = Vec::new();
    for _ in 0..millions {
        let start = Instant::now();
        handles.extend((0..MILLION).map(|_| submit()));
        times.push(format!(
            "{:.0}",
            start.elapsed().as_secs_f64() * 1e9 / MILLION as f64
        ));
    }
    let bytes = (status("VmRSS") - kib_before) as f64 * 1024.0 / handles.len() as f64;
    println!(
        "{what}: ns for each task of each million: {}",
        times.join(" ")
    );
    println!(
        "{what}: {bytes:.0} bytes for each of {} queued tasks, its handle included",
        handles.len()
    );
}

/// A queue of closures.
fn closures(millions: usize) {
    let pool = ThreadPool::builder().workers(1).build();
    let pool = pool.expect("the pool can be made");
    let (open, gate) = mpsc::channel::<()>();
    let busy = pool.submit(move || gate.recv());
    let busy = busy.expect("it is accepted");
    queue("closures", millions, || {
        pool.submit(|| ()).expect("it is accepted")
    });
    drop(open);
    drop(busy);
}

/// A queue of tasks for sandboxes.
fn tasks(millions: usize) {
    let (open, gate) = mpsc::channel::<()>();
    let gate = Mutex::new(gate);
    let grants = Grants::new().function("price", move |_: String| {
        let _ = gate.lock().expect("nobody panics").recv();
        Some(1_u64)
    });
    let module = TaskModule::builder(shop_tasks::MODULE).grants(grants);
    let pool = ProcessPool::builder(module.load().expect("the module loads"))
        .workers(1)
        .isolation(Isolation::Reuse {
            tasks: NonZeroUsize::MAX,
        })
        .build();
    let pool = pool.expect("the pool can be made");
    let busy = pool.submit(total, vec!["apple".to_owned()]);
    let busy = busy.expect("it is accepted");
    queue("tasks", millions, || {
        pool.submit(total, Vec::new()).expect("it is accepted")
    });
    drop(open);
    drop(busy);
}

/// Each subject has a process to itself, so that none finds the memory of another.
fn main() {
    // Cargo adds one of its own.
    let arguments = std::env::args()
        .skip(1)
        .filter(|argument| argument != "--bench");
    let arguments: Vec<String> = arguments.collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let number = |text: &str| text.parse().expect("a number is given");
    match arguments[..] {
        ["polls", sandboxes] => live(number(sandboxes), Interruption::Polls),
        ["epochs", sandboxes] => live(number(sandboxes), Interruption::Epochs),
        ["closures", millions] => closures(number(millions)),
        ["tasks", millions] => tasks(number(millions)),
        _ => {
            let this = std::env::current_exe().expect("the system knows");
            for subject in [
                ["polls", "5000"],
                ["polls", "10000"],
                ["epochs", "10000"],
                ["closures", "10"],
                ["tasks", "10"],
            ] {
                let ended = Command::new(&this).args(subject).status();
                assert!(ended.expect("it can be run").success());
            }
        }
    }
}

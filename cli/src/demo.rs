//! `sandpool demo`: both kinds of pool on real work, then what happens when tasks go wrong. One screen.

mod files;
mod server;

use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use guest_tasks::{heavy_compute, primes_below, unpack, word_frequencies};
use sandpool::{Limits, ProcessPool, TaskError, TaskModule, ThreadPool, as_completed};

use self::server::Server;
use crate::escape::escape;

const PAGES: usize = 12;
const PAGE_TAKES: Duration = Duration::from_millis(50);
const THREADS: usize = 6;
const MILLION: u64 = 1_000_000;

pub(crate) fn run() -> Result<()> {
    let text = io_on_threads()?;
    let module = cpu_in_processes(&text)?;
    tasks_that_go_wrong(module)
}

/// What one I/O task brought: what it read, its text, and how long it took.
struct Read {
    what: String,
    text: String,
    took: Duration,
}

fn io_on_threads() -> Result<String> {
    let server = Server::start(PAGE_TAKES)?;
    let files = files::of_this_project();
    println!(
        "I/O on {THREADS} threads: {PAGES} pages from {} that take {PAGE_TAKES:?} each, {} files",
        server.url(),
        files.len()
    );

    let threads = ThreadPool::new(THREADS)?;
    let started = Instant::now();
    let mut handles = Vec::new();
    for number in 0..PAGES {
        let address = server.address();
        let path = format!("/page/{number}");
        handles.push(threads.submit(move || timed(path, |path| server::fetch(address, path)))?);
    }
    for file in files {
        handles.push(threads.submit(move || {
            timed(file.display().to_string(), |_| {
                std::fs::read_to_string(&file).with_context(|| file.display().to_string())
            })
        })?);
    }

    let (count, mut all, mut sum) = (handles.len(), String::new(), Duration::ZERO);
    for (number, handle) in as_completed(handles).enumerate() {
        let read = handle.join()??;
        if number < 3 || number == count - 1 {
            let order = if number < 3 { "done" } else { "last" };
            let Read { what, text, took } = &read;
            println!(
                "  {order}  {what:<32} {:>7} bytes {:>7}",
                text.len(),
                ms(*took)
            );
        }
        all.push_str(&read.text);
        sum += read.took;
    }
    println!(
        "  {count} results, each as it was completed: {}, and {} of waiting one after the other\n",
        ms(started.elapsed()),
        ms(sum)
    );
    Ok(all)
}

fn timed(what: String, read: impl FnOnce(&str) -> Result<String>) -> Result<Read> {
    let started = Instant::now();
    let text = read(&what)?;
    let took = started.elapsed();
    Ok(Read { what, text, took })
}

fn cpu_in_processes(text: &str) -> Result<TaskModule> {
    let started = Instant::now();
    let module = TaskModule::new(guest_tasks::MODULE)?;
    let loaded = started.elapsed();
    let processes = ProcessPool::new(&module)?;
    println!(
        "CPU in sandboxed processes, {} workers: heavy_compute over [1, 2, 3, 4] x 10^7",
        processes.workers()
    );

    let inputs = [1, 2, 3, 4].map(|n| n * 10 * MILLION);
    let started = Instant::now();
    let totals = processes.map(heavy_compute, inputs)?;
    let totals = totals.collect::<Result<Vec<f64>, _>>()?;
    let sandboxed = started.elapsed();

    let started = Instant::now();
    let native = inputs.map(*heavy_compute);
    let took = started.elapsed();
    for (total, native) in totals.iter().zip(native) {
        ensure!(
            total.to_bits() == native.to_bits(),
            "{total} is not {native}"
        );
        println!("  {total:>20.3}   the same as native, to the last bit");
    }
    println!(
        "  {} in the pool; {} native, one after the other; the module compiled in {}",
        ms(sandboxed),
        ms(took),
        ms(loaded)
    );

    let words = processes.submit(word_frequencies, (text.to_owned(), 5))?;
    let words = words.join()?;
    let words: Vec<String> = words
        .iter()
        .map(|word| format!("{} {}", word.word, word.count))
        .collect();
    println!(
        "  the words of these {} kB, counted in a sandbox: {}\n",
        text.len() / 1000,
        words.join(", ")
    );
    Ok(module)
}

fn tasks_that_go_wrong(module: TaskModule) -> Result<()> {
    let limits = Limits::new()
        .timeout(Duration::from_millis(200))
        .memory_bytes(64 << 20);
    println!("Tasks that go wrong, in one pool: at most 200 ms and 64 MiB each");
    let pool = ProcessPool::builder(module)
        .workers(1)
        .limits(limits)
        .build()?;
    // All wait in the queue of the only worker, with one behind them that is right.
    let panics = pool.submit(unpack, vec![200, 1, 2, 3])?;
    let never_ends = pool.submit(heavy_compute, u64::MAX)?;
    let wants_too_much = pool.submit(primes_below, 1000 * MILLION)?;
    let right = pool.submit(primes_below, MILLION)?;
    show(panics.join());
    show(never_ends.join());
    show(wants_too_much.join());
    println!(
        "  the pool still answers: {} primes below 10^6",
        right.join()?
    );
    Ok(())
}

fn show<T>(outcome: Result<T, TaskError>) {
    match outcome {
        Ok(_) => println!("  it went well"),
        Err(error) => println!("  {}", escape(&error.to_string())),
    }
}

fn ms(duration: Duration) -> String {
    format!("{:.1} ms", duration.as_secs_f64() * 1000.0)
}

//! What it costs to hand a task to a worker and to get its result back, beside what others take for the
//! same.
//!
//! `cargo bench -p sandpool-bench --bench dispatch`

use std::hint::{black_box, spin_loop};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use probe_tasks::nothing;
use rayon::prelude::{IntoParallelIterator, ParallelIterator};
use sandpool::{Isolation, MapOptions, ProcessPool, TaskModule, ThreadPool};

const WORKERS: usize = 2;

/// How many tasks are submitted before the first result is looked at.
const TASKS: usize = 10_000;

fn sandboxes(isolation: Isolation) -> ProcessPool {
    let module = TaskModule::new(probe_tasks::MODULE).expect("the module loads");
    let pool = ProcessPool::builder(module)
        .workers(WORKERS)
        .isolation(isolation);
    pool.build().expect("the pool can be made")
}

fn reused() -> ProcessPool {
    sandboxes(Isolation::Reuse {
        tasks: usize::MAX.try_into().expect("not zero"),
    })
}

/// Many tasks at once: time for each.
fn throughput(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("throughput");
    group
        .throughput(Throughput::Elements(TASKS as u64))
        .sample_size(20);

    let threads = ThreadPool::new(WORKERS).expect("the pool can be made");
    group.bench_function("sandpool threads", |bencher| {
        bencher.iter(|| {
            let handles: Vec<_> = (0..TASKS)
                .map(|n| threads.submit(move || n).expect("it is open"))
                .collect();
            handles
                .into_iter()
                .map(|handle| handle.join().expect("it does not fail"))
                .sum::<usize>()
        });
    });
    for (name, pool) in [
        ("sandpool sandboxes, reused", reused()),
        ("sandpool sandboxes, fresh", sandboxes(Isolation::Fresh)),
    ] {
        group.bench_function(name, |bencher| {
            bencher.iter(|| {
                let handles: Vec<_> = (0..TASKS)
                    .map(|_| pool.submit(nothing, ()).expect("it is open"))
                    .collect();
                for handle in handles {
                    handle.join().expect("it does not fail");
                }
            });
        });
    }

    let rayon = rayon::ThreadPoolBuilder::new().num_threads(WORKERS);
    let rayon = rayon.build().expect("the pool can be made");
    group.bench_function("rayon spawn, a channel each", |bencher| {
        bencher.iter(|| {
            let handles: Vec<_> = (0..TASKS)
                .map(|n| {
                    let (send, receive) = mpsc::channel();
                    rayon.spawn(move || send.send(n).expect("it is waited for"));
                    receive
                })
                .collect();
            handles
                .into_iter()
                .map(|handle| handle.recv().expect("it does not fail"))
                .sum::<usize>()
        });
    });
    let pool = threadpool::ThreadPool::new(WORKERS);
    group.bench_function("threadpool, a channel each", |bencher| {
        bencher.iter(|| {
            let handles: Vec<_> = (0..TASKS)
                .map(|n| {
                    let (send, receive) = mpsc::channel();
                    pool.execute(move || send.send(n).expect("it is waited for"));
                    receive
                })
                .collect();
            handles
                .into_iter()
                .map(|handle| handle.recv().expect("it does not fail"))
                .sum::<usize>()
        });
    });
    let tokio = tokio::runtime::Builder::new_current_thread()
        .max_blocking_threads(WORKERS)
        .build()
        .expect("the runtime can be made");
    group.bench_function("tokio spawn_blocking", |bencher| {
        bencher.iter(|| {
            tokio.block_on(async {
                let handles: Vec<_> = (0..TASKS)
                    .map(|n| tokio::task::spawn_blocking(move || n))
                    .collect();
                let mut sum = 0;
                for handle in handles {
                    sum += handle.await.expect("it does not fail");
                }
                sum
            })
        });
    });
    group.finish();
}

/// Tiny items of a map: time for each.
fn map(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("map");
    const ITEMS: usize = 100_000;
    group
        .throughput(Throughput::Elements(ITEMS as u64))
        .sample_size(20);
    let threads = ThreadPool::new(WORKERS).expect("the pool can be made");
    for chunk in [64, 256, 1024] {
        group.bench_function(format!("sandpool threads, chunks of {chunk}"), |bencher| {
            bencher.iter(|| {
                let options = MapOptions::new().chunk(chunk);
                let results = threads.map_with(|n: usize| n + 1, 0..ITEMS, options);
                let results = results.expect("it is open");
                results.map(|n| n.expect("it does not fail")).sum::<usize>()
            });
        });
    }
    group.bench_function("sandpool threads, automatic chunks", |bencher| {
        bencher.iter(|| {
            let options = MapOptions::new().auto_chunk();
            let results = threads.map_with(|n: usize| n + 1, 0..ITEMS, options);
            let results = results.expect("it is open");
            results.map(|n| n.expect("it does not fail")).sum::<usize>()
        });
    });
    let rayon = rayon::ThreadPoolBuilder::new().num_threads(WORKERS);
    let rayon = rayon.build().expect("the pool can be made");
    group.bench_function("rayon par_iter", |bencher| {
        bencher.iter(|| {
            rayon.install(|| {
                let results = (0..ITEMS).into_par_iter().map(|n| black_box(n) + 1);
                results.collect::<Vec<_>>().into_iter().sum::<usize>()
            })
        });
    });
    group.finish();
}

/// One task at a time: time from the submission to the result.
fn latency(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("latency");
    group.sample_size(20);
    let threads = ThreadPool::new(WORKERS).expect("the pool can be made");
    group.bench_function("sandpool threads", |bencher| {
        bencher.iter(|| threads.submit(|| 1).expect("it is open").join());
    });
    for (name, pool) in [
        ("sandpool sandboxes, reused", reused()),
        ("sandpool sandboxes, fresh", sandboxes(Isolation::Fresh)),
    ] {
        group.bench_function(name, |bencher| {
            bencher.iter(|| pool.submit(nothing, ()).expect("it is open").join());
        });
    }
    let rayon = rayon::ThreadPoolBuilder::new().num_threads(WORKERS);
    let rayon = rayon.build().expect("the pool can be made");
    group.bench_function("rayon spawn, a channel each", |bencher| {
        bencher.iter(|| {
            let (send, receive) = mpsc::channel();
            rayon.spawn(move || send.send(1).expect("it is waited for"));
            receive.recv()
        });
    });
    group.bench_function("two threads that spin", |bencher| {
        bencher.iter_custom(ping_pong_spinning);
    });
    group.bench_function("two threads that park", |bencher| {
        bencher.iter_custom(ping_pong_parking);
    });
    // Long enough for all to sleep.
    const PAUSE: Duration = Duration::from_millis(1);
    group.bench_function("sandpool threads, parked", |bencher| {
        bencher.iter_custom(|rounds| {
            let mut total = Duration::ZERO;
            for _ in 0..rounds {
                thread::sleep(PAUSE);
                let started = Instant::now();
                let _ = black_box(threads.submit(|| 1).expect("it is open").join());
                total += started.elapsed();
            }
            total
        });
    });
    group.bench_function("two threads that park, parked", |bencher| {
        bencher.iter_custom(|rounds| {
            let other = Parker::start();
            let mut total = Duration::ZERO;
            for _ in 0..rounds {
                thread::sleep(PAUSE);
                let started = Instant::now();
                other.round();
                total += started.elapsed();
            }
            total
        });
    });
    group.finish();
}

fn ping_pong_spinning(rounds: u64) -> Duration {
    let ball = Arc::new(AtomicUsize::new(0));
    let other = Arc::clone(&ball);
    let rounds = usize::try_from(rounds).expect("there is time for so many only");
    let answers = thread::spawn(move || {
        for round in 0..rounds {
            while other.load(Ordering::Acquire) != 2 * round + 1 {
                spin_loop();
            }
            other.store(2 * round + 2, Ordering::Release);
        }
    });
    let started = Instant::now();
    for round in 0..rounds {
        ball.store(2 * round + 1, Ordering::Release);
        while ball.load(Ordering::Acquire) != 2 * round + 2 {
            spin_loop();
        }
    }
    let time = started.elapsed();
    answers.join().expect("it does not panic");
    time
}

fn ping_pong_parking(rounds: u64) -> Duration {
    let other = Parker::start();
    let started = Instant::now();
    for _ in 0..rounds {
        other.round();
    }
    started.elapsed()
}

/// A thread that is unparked, and unparks in its turn.
struct Parker {
    ball: Arc<AtomicUsize>,
    thread: thread::JoinHandle<()>,
}

const THERE: usize = 1;
const BACK: usize = 2;
const END: usize = 3;

impl Parker {
    fn start() -> Self {
        let ball = Arc::new(AtomicUsize::new(BACK));
        let (other, waits) = (Arc::clone(&ball), thread::current());
        let thread = thread::spawn(move || {
            loop {
                match other.load(Ordering::Acquire) {
                    THERE => {
                        other.store(BACK, Ordering::Release);
                        waits.unpark();
                    }
                    END => return,
                    _ => thread::park(),
                }
            }
        });
        Self { ball, thread }
    }

    fn round(&self) {
        self.ball.store(THERE, Ordering::Release);
        self.thread.thread().unpark();
        while self.ball.load(Ordering::Acquire) != BACK {
            thread::park();
        }
    }
}

impl Drop for Parker {
    fn drop(&mut self) {
        self.ball.store(END, Ordering::Release);
        self.thread.thread().unpark();
    }
}

criterion_group!(benches, throughput, map, latency);
criterion_main!(benches);

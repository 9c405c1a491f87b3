//! procspawn: closures in processes that are spawned from this program.

use std::collections::VecDeque;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use procspawn::{JoinHandle, Pool};
use serde_bytes::ByteBuf;
use serde_json::{Value, json};

use crate::measure::{Counts, check, figure, payload, proportional_bytes, repeat};

pub fn measure(workers: usize, counts: Counts) -> Result<Value> {
    let idle = idle_worker()?;
    let pool = Pool::new(workers)?;
    let mut figures = vec![figure("idle-worker", &[idle], None)];
    figures.push(figure("round-trip", &repeat(counts.latencies, || nothing(&pool))?, None));
    nothings(&pool, counts.throughput)?;
    let values = [(); 3].map(|()| nothings(&pool, counts.throughput));
    let values = values.into_iter().collect::<Result<Vec<_>>>()?;
    let remark = "at most 100 tasks pending: each holds file descriptors";
    figures.push(figure("throughput", &values, Some(remark)));
    for (name, bytes, count) in counts.payloads() {
        let sent = payload(bytes);
        let run = || {
            let sent = ByteBuf::from(sent.clone());
            check(&pool.spawn(sent, |bytes: ByteBuf| bytes).join()?, bytes)
        };
        figures.push(figure(name, &repeat(count, run)?, None));
    }
    drop(pool);

    let fresh = || Ok(procspawn::spawn((), |()| ()).join()?);
    let remark = "a process spawned for each task";
    figures.push(figure("fresh-worker", &repeat(counts.rare, fresh)?, Some(remark)));

    let single = Pool::new(1)?;
    nothing(&single)?;
    let stops = (0..counts.rare).map(|_| stop(&single)).collect::<Result<Vec<_>>>()?;
    figures.push(figure("stop-runaway", &stops, None));
    let recover = || {
        let crashed = single.spawn((), |()| std::process::abort());
        let crashed: JoinHandle<()> = crashed;
        ensure!(crashed.join().is_err(), "the task that crashes has returned");
        nothing(&single)
    };
    figures.push(figure("recover", &repeat(counts.rare, recover)?, None));
    Ok(json!({ "name": "procspawn", "version": "1.0.2", "figures": figures }))
}

fn nothing(pool: &Pool) -> Result<()> {
    Ok(pool.spawn((), |()| ()).join()?)
}

fn nothings(pool: &Pool, tasks: usize) -> Result<f64> {
    const PENDING: usize = 100;
    let started = Instant::now();
    let mut pending = VecDeque::new();
    for _ in 0..tasks {
        if pending.len() == PENDING {
            let first: Option<JoinHandle<()>> = pending.pop_front();
            first.map(JoinHandle::join).transpose()?;
        }
        pending.push_back(pool.spawn((), |()| ()));
    }
    for handle in pending {
        handle.join()?;
    }
    Ok(tasks as f64 / started.elapsed().as_secs_f64())
}

fn stop(pool: &Pool) -> Result<f64> {
    let mut endless: JoinHandle<()> = pool.spawn((), |()| loop {
        std::hint::spin_loop();
    });
    while endless.pid().is_none() {
        thread::yield_now();
    }
    thread::sleep(Duration::from_millis(20));
    let started = Instant::now();
    endless.kill()?;
    // The next task does not start while the handle is there.
    drop(endless);
    nothing(pool)?;
    Ok(started.elapsed().as_secs_f64())
}

fn idle_worker() -> Result<f64> {
    const MORE: usize = 8;
    let bytes = |workers: usize| -> Result<u64> {
        let pool = Pool::new(workers)?;
        // One task each: a worker that sleeps leaves the next task to another.
        let sleep = |()| {
            thread::sleep(Duration::from_millis(200));
            std::process::id()
        };
        let handles: Vec<JoinHandle<u32>> = (0..workers).map(|_| pool.spawn((), sleep)).collect();
        let mut bytes = proportional_bytes("self")?;
        for handle in handles {
            bytes += proportional_bytes(&handle.join()?.to_string())?;
        }
        Ok(bytes)
    };
    let one = bytes(1)?;
    Ok((bytes(1 + MORE)?.saturating_sub(one)) as f64 / MORE as f64)
}

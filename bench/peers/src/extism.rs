//! Extism: a plug-in that is called on the calling thread. It keeps its memory from call to call;
//! a clean one is a plug-in made anew.

use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use extism::{CompiledPlugin, Manifest, Plugin, PluginBuilder, Wasm};
use serde_json::{Value, json};

use crate::measure::{Counts, check, figure, payload, proportional_bytes, repeat};

const PLUGIN: &[u8] = include_bytes!(env!("PLUGIN"));

pub fn measure(workers: usize, counts: Counts) -> Result<Value> {
    let manifest = Manifest::new([Wasm::data(PLUGIN)]);
    let compiled = PluginBuilder::new(manifest).with_cache_disabled().compile()?;
    let make = || Plugin::new_from_compiled(&compiled);
    let mut figures = vec![figure("idle-worker", &[idle_worker(&compiled)?], None)];

    let mut plugin = make()?;
    let in_place = Some("on the calling thread, in memory that was used before");
    let values = repeat(counts.latencies, || nothing(&mut plugin))?;
    figures.push(figure("round-trip", &values, in_place));
    let throughput = [(); 3].map(|()| throughput(&compiled, workers, counts.throughput));
    let throughput = throughput.into_iter().collect::<Result<Vec<_>>>()?;
    let remark = Some("a thread for each plug-in, which calls it in memory that was used before");
    figures.push(figure("throughput", &throughput, remark));
    let fresh = || nothing(&mut make()?);
    let remark = Some("a plug-in made anew for each task");
    figures.push(figure("fresh-worker", &repeat(counts.latencies, fresh)?, remark));
    for (name, bytes, count) in counts.payloads() {
        let sent = payload(bytes);
        let run = || check(&plugin.call::<&[u8], Vec<u8>>("echo", &sent)?, bytes);
        figures.push(figure(name, &repeat(count, run)?, None));
    }
    let stops = (0..counts.rare).map(|_| stop(&compiled)).collect::<Result<Vec<_>>>()?;
    let remark = Some("other calls that run meanwhile are stopped, too");
    figures.push(figure("stop-runaway", &stops, remark));
    let recover = || {
        let crashed = plugin.call::<(), ()>("crash", ());
        ensure!(crashed.is_err(), "the call that crashes has returned");
        nothing(&mut plugin)
    };
    let remark = Some("in the memory of the call that crashed");
    figures.push(figure("recover", &repeat(counts.rare, recover)?, remark));
    Ok(json!({ "name": "Extism", "version": "1.41.0", "figures": figures }))
}

fn nothing(plugin: &mut Plugin) -> Result<()> {
    plugin.call::<(), ()>("nothing", ())
}

fn throughput(compiled: &CompiledPlugin, workers: usize, tasks: usize) -> Result<f64> {
    let plugins = (0..workers).map(|_| Plugin::new_from_compiled(compiled));
    let mut plugins = plugins.collect::<Result<Vec<_>>>()?;
    let share = tasks.div_ceil(workers);
    let started = Instant::now();
    thread::scope(|scope| {
        let threads = plugins.iter_mut().map(|plugin| {
            scope.spawn(move || (0..share).try_for_each(|_| nothing(plugin)))
        });
        let threads: Vec<_> = threads.collect();
        let mut results = threads.into_iter().map(|thread| thread.join().expect("no call panics"));
        results.try_for_each(|result| result)
    })?;
    Ok((share * workers) as f64 / started.elapsed().as_secs_f64())
}

fn stop(compiled: &CompiledPlugin) -> Result<f64> {
    let mut plugin = Plugin::new_from_compiled(compiled)?;
    nothing(&mut plugin)?;
    let cancel = plugin.cancel_handle();
    let (begin, begun) = mpsc::channel();
    let call = thread::spawn(move || {
        _ = begin.send(());
        let stopped = plugin.call::<(), ()>("spin", ());
        ensure!(stopped.is_err(), "the call that never ends has ended");
        nothing(&mut plugin)?;
        Ok(Instant::now())
    });
    begun.recv()?;
    thread::sleep(Duration::from_millis(20));
    let started = Instant::now();
    cancel.cancel()?;
    let ended = call.join().expect("no call panics")?;
    Ok((ended - started).as_secs_f64())
}

fn idle_worker(compiled: &CompiledPlugin) -> Result<f64> {
    const MORE: usize = 16;
    let make = |count: usize| -> Result<Vec<Plugin>> {
        let plugins = (0..count).map(|_| {
            let mut plugin = Plugin::new_from_compiled(compiled)?;
            nothing(&mut plugin)?;
            Ok(plugin)
        });
        plugins.collect()
    };
    let _one = make(1)?;
    let before = proportional_bytes("self")?;
    let _more = make(MORE)?;
    Ok(proportional_bytes("self")?.saturating_sub(before) as f64 / MORE as f64)
}

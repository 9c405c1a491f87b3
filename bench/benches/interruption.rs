//! What it costs that a task can be stopped: all kernels in the engine alone, where nothing stops them, and in
//! pools with either mechanism. By turns, because the speed of a machine drifts.
//!
//! `cargo bench -p sandpool-bench --bench interruption`

use std::hint::black_box;
use std::time::Instant;

use kernel_tasks::{ALL, Kernel, MODULE};
use sandpool::{Interruption, Isolation, ProcessPool, TaskModule};
use sandpool_bench::statistics::{Summary, geometric_mean, ratios};
use wasmtime::{
    Config, Engine, InstanceAllocationStrategy, InstancePre, Linker, Module,
    PoolingAllocationConfig, Store, TypedFunc,
};

const ROUNDS: usize = 9;

/// Calls a kernel, with a new instance.
trait Place {
    fn call(&self, kernel: &Kernel) -> u64;
}

struct Raw(InstancePre<()>);

impl Raw {
    fn new() -> Self {
        let mut pool = PoolingAllocationConfig::new();
        pool.linear_memory_keep_resident(2 << 20);
        let mut config = Config::new();
        config
            .allocation_strategy(InstanceAllocationStrategy::Pooling(pool))
            .native_unwind_info(false);
        let engine = Engine::new(&config).expect("the engine can be made");
        let module = Module::new(&engine, MODULE).expect("it compiles");
        let instance = Linker::new(&engine).instantiate_pre(&module);
        Self(instance.expect("it imports nothing"))
    }
}

impl Place for Raw {
    fn call(&self, kernel: &Kernel) -> u64 {
        let mut store = Store::new(self.0.module().engine(), ());
        let instance = self.0.instantiate(&mut store).expect("there is room");
        let name = format!("sandpool.scalar.{}", kernel.name);
        let function = instance.get_typed_func(&mut store, &name);
        let function: TypedFunc<(u64, u64, u64, u64), u64> = function.expect("it is exported");
        let slots = (u64::from(kernel.size), 0, 0, 0);
        function.call(&mut store, slots).expect("it does not trap")
    }
}

struct Pool(ProcessPool);

impl Pool {
    fn new(interruption: Interruption) -> Self {
        let module = TaskModule::builder(MODULE).interruption(interruption);
        let pool = ProcessPool::builder(module.load().expect("the module loads"))
            .workers(1)
            .isolation(Isolation::Fresh);
        Self(pool.build().expect("the pool can be made"))
    }
}

impl Place for Pool {
    fn call(&self, kernel: &Kernel) -> u64 {
        let json = self.0.submit_json(kernel.name, kernel.size.to_string());
        let json = json.expect("it is open").join().expect("it does not fail");
        json.parse().expect("it is a number")
    }
}

fn main() {
    let places: [(&str, Box<dyn Place>); 4] = [
        ("engine", Box::new(Raw::new())),
        ("engine again", Box::new(Raw::new())),
        ("polls", Box::new(Pool::new(Interruption::Polls))),
        ("epochs", Box::new(Pool::new(Interruption::Epochs))),
    ];
    println!(
        "{:<18}{:>12}{:>14}{:>10}{:>10}",
        "kernel", "engine, ms", "engine again", "polls", "epochs"
    );
    let mut all = vec![Vec::new(); places.len()];
    for kernel in ALL {
        let mut times = vec![Vec::new(); places.len()];
        let mut sums = Vec::new();
        for round in 0..=ROUNDS {
            for turn in 0..places.len() {
                let place = (round + turn) % places.len();
                let started = Instant::now();
                sums.push(black_box(places[place].1.call(kernel)));
                // The first round warms up.
                if round > 0 {
                    times[place].push(started.elapsed().as_secs_f64());
                }
            }
        }
        assert!(
            sums.iter().all(|sum| *sum == sums[0]),
            "{}: {sums:?}",
            kernel.name
        );
        let median = |values: &[f64]| Summary::of(values).expect("there are rounds").median;
        print!("{:<18}{:>12.2}", kernel.name, median(&times[0]) * 1e3);
        for place in 1..places.len() {
            let ratio = median(&ratios(&times[place], &times[0]));
            all[place].push(ratio);
            print!(
                "{ratio:>width$.2}",
                width = if place == 1 { 14 } else { 10 }
            );
        }
        println!();
    }
    print!("{:<30}", "geometric mean");
    for (place, ratios) in all.iter().enumerate().skip(1) {
        let mean = geometric_mean(ratios).expect("there are kernels");
        print!("{mean:>width$.3}", width = if place == 1 { 14 } else { 10 });
    }
    println!();
}

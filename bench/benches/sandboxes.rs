//! What a sandbox costs beside the engine's own calls, on one thread.
//!
//! `cargo bench -p sandpool-bench --bench sandboxes`

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use probe_tasks::{count, echo, nothing, prepare, smallest_factor, touch};
use sandpool::{Initialization, Interruption, Isolation, ModuleStore, ProcessPool, TaskModule};
use wasmtime::{
    Config, Engine, Instance, InstanceAllocationStrategy, InstancePre, Linker, Module,
    PoolingAllocationConfig, Store, TypedFunc,
};

fn pool(isolation: Isolation, interruption: Interruption) -> ProcessPool {
    let module = TaskModule::builder(probe_tasks::MODULE).interruption(interruption);
    let module = module.load().expect("the module loads");
    let pool = ProcessPool::builder(module).workers(1).isolation(isolation);
    pool.build().expect("the pool can be made")
}

fn reused() -> ProcessPool {
    let tasks = usize::MAX.try_into().expect("not zero");
    pool(Isolation::Reuse { tasks }, Interruption::default())
}

fn fresh() -> ProcessPool {
    pool(Isolation::Fresh, Interruption::default())
}

/// The engine as the library configures it, without anything that stops a guest.
struct Raw {
    instance: InstancePre<()>,
}

impl Raw {
    fn new() -> Self {
        let mut pool = PoolingAllocationConfig::new();
        pool.total_core_instances(64)
            .total_memories(64)
            .total_tables(64)
            .linear_memory_keep_resident(2 << 20)
            .table_keep_resident(64 << 10);
        let mut config = Config::new();
        config
            .allocation_strategy(InstanceAllocationStrategy::Pooling(pool))
            .native_unwind_info(false);
        let engine = Engine::new(&config).expect("the engine can be made");
        let module = Module::new(&engine, probe_tasks::MODULE).expect("it compiles");
        let instance = Linker::new(&engine).instantiate_pre(&module);
        Self {
            instance: instance.expect("it imports nothing"),
        }
    }

    fn start(&self) -> (Store<()>, Instance) {
        let mut store = Store::new(self.instance.module().engine(), ());
        let instance = self.instance.instantiate(&mut store);
        (store, instance.expect("there is room"))
    }
}

type Scalar = TypedFunc<(u64, u64, u64, u64), u64>;

fn scalar(store: &mut Store<()>, instance: &Instance, task: &str) -> Scalar {
    let name = format!("sandpool.scalar.{task}");
    instance
        .get_typed_func(store, &name)
        .expect("it is exported")
}

fn warm(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("warm call");
    let pool = reused();
    group.bench_function("call, scalars", |bencher| {
        bencher.iter(|| pool.call(count, 1).expect("it does not fail"));
    });
    let raw = Raw::new();
    let (mut store, instance) = raw.start();
    let function = scalar(&mut store, &instance, "count");
    group.bench_function("engine, scalars", |bencher| {
        bencher.iter(|| {
            function
                .call(&mut store, (1, 0, 0, 0))
                .expect("it does not trap")
        });
    });
    for bytes in [64, 1_000_000, 64_000_000] {
        let data = vec![1_u8; bytes];
        group
            .throughput(Throughput::Bytes(bytes as u64))
            .sample_size(10);
        group.bench_function(format!("call, echo of {bytes} bytes"), |bencher| {
            bencher.iter_batched(
                || data.clone(),
                |data| pool.call(echo, data).expect("it does not fail"),
                criterion::BatchSize::PerIteration,
            );
        });
        group.bench_function(format!("call_with, echo of {bytes} bytes"), |bencher| {
            bencher.iter_batched(
                || data.clone(),
                |data| {
                    pool.call_with(echo, data, <[u8]>::len)
                        .expect("it does not fail")
                },
                criterion::BatchSize::PerIteration,
            );
        });
        let mut copy = vec![0_u8; bytes];
        group.bench_function(format!("memcpy of {bytes} bytes"), |bencher| {
            bencher.iter(|| copy.copy_from_slice(std::hint::black_box(&data)));
        });
    }
    group.finish();
}

fn new_instances(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("fresh instance");
    for interruption in [Interruption::Polls, Interruption::Epochs] {
        let pool = pool(Isolation::Fresh, interruption);
        group.bench_function(format!("call, {interruption:?}"), |bencher| {
            bencher.iter(|| pool.call(nothing, ()).expect("it does not fail"));
        });
    }
    let raw = Raw::new();
    let export = raw
        .instance
        .module()
        .get_export_index("sandpool.scalar.nothing");
    let export = export.expect("it is exported");
    group.bench_function("engine", |bencher| {
        bencher.iter(|| {
            let (mut store, instance) = raw.start();
            let function = instance.get_module_export(&mut store, &export);
            let function = function.and_then(wasmtime::Extern::into_func);
            let function = function.expect("it is a function").typed(&store);
            let function: Scalar = function.expect("it has this type");
            function
                .call(&mut store, (0, 0, 0, 0))
                .expect("it does not trap")
        });
    });
    let pool = fresh();
    for kib in [64, 1024, 16 << 10] {
        group.bench_function(format!("call, touching {kib} KiB"), |bencher| {
            bencher.iter(|| pool.call(touch, kib << 10).expect("it does not fail"));
        });
    }
    group.finish();
}

/// Sandboxes that begin with 8 MB that an initializer has prepared.
fn prepared(criterion: &mut Criterion) {
    const NUMBERS: u32 = 2 << 20;
    let mut group = criterion.benchmark_group("prepared");
    let pool = |each| {
        let pool = ProcessPool::builder(probe_tasks::MODULE)
            .workers(1)
            .initializer(prepare, NUMBERS)
            .initialize_each(each);
        pool.build().expect("the pool can be made")
    };
    let empty = fresh();
    group.bench_function("nothing, no-op", |bencher| {
        bencher.iter(|| empty.call(nothing, ()).expect("it does not fail"));
    });
    let once = pool(false);
    assert_eq!(once.stats().initialization, Some(Initialization::Once));
    group.bench_function("once, no-op", |bencher| {
        bencher.iter(|| once.call(nothing, ()).expect("it does not fail"));
    });
    group.bench_function("once, look-up", |bencher| {
        bencher.iter(|| {
            once.call(smallest_factor, NUMBERS - 1)
                .expect("it does not fail")
        });
    });
    let each = pool(true);
    group.sample_size(10);
    group.bench_function("in each sandbox, no-op", |bencher| {
        bencher.iter(|| each.call(nothing, ()).expect("it does not fail"));
    });
    group.finish();
}

/// Loads a module of 1.7 MB.
fn loading(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("load");
    group.sample_size(10);
    let folder = tempfile::tempdir().expect("there is room");
    let store = ModuleStore::open(folder.path()).expect("it is this user's");
    let module = || TaskModule::builder(kernel_tasks::MODULE);
    module().store(&store).load().expect("the module loads");
    group.bench_function("from a store", |bencher| {
        bencher.iter(|| {
            let module = module().store(&store).load().expect("the module loads");
            assert!(module.was_stored());
            module
        });
    });
    group.bench_function("compiled", |bencher| {
        bencher.iter(|| module().load().expect("the module loads"));
    });
    let engine = Engine::default();
    group.bench_function("engine, compiled", |bencher| {
        bencher.iter(|| Module::new(&engine, kernel_tasks::MODULE).expect("it compiles"));
    });
    group.finish();
}

criterion_group!(benches, warm, new_instances, prepared, loading);
criterion_main!(benches);

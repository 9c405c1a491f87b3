//! What a sandbox costs beside the engine's own calls, on one thread.
//!
//! `cargo bench -p sandpool-bench --bench sandboxes`

use std::hint::black_box;

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use probe_tasks::{
    Article, count, echo, echo_numbers, nothing, one_more, prepare, smallest_factor, touch,
};
use sandpool::{
    Initialization, Interruption, Isolation, Limits, ModuleStore, ProcessPool, TaskModule,
};
use sandpool_abi::{ALLOC_EXPORT, MEMORY_EXPORT, Outcome, Span, TASK_EXPORT_PREFIX, codec};
use serde::Serialize;
use serde::de::DeserializeOwned;
use wasmtime::{
    Config, Engine, Instance, InstanceAllocationStrategy, InstancePre, Linker, Memory, Module,
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
    let article = Article {
        id: 7,
        count: 3,
        name: "cheese".to_owned(),
    };
    group.bench_function("call, small struct", |bencher| {
        bencher.iter(|| {
            pool.call(one_more, article.clone())
                .expect("it does not fail")
        });
    });
    let mut by_hand = ByHand::new(&raw, "one_more");
    group.bench_function("engine, small struct", |bencher| {
        bencher.iter(|| {
            let article: Article = by_hand.call(&article.clone());
            article
        });
    });
    group.finish();
}

/// A task called with values by the engine's own calls.
struct ByHand {
    store: Store<()>,
    memory: Memory,
    alloc: TypedFunc<u32, u32>,
    task: TypedFunc<(u32, u32, u32), u64>,
}

impl ByHand {
    fn new(raw: &Raw, task: &str) -> Self {
        let (mut store, instance) = raw.start();
        let memory = instance.get_memory(&mut store, MEMORY_EXPORT);
        let alloc = instance.get_typed_func(&mut store, ALLOC_EXPORT);
        let task = instance.get_typed_func(&mut store, &format!("{TASK_EXPORT_PREFIX}{task}"));
        Self {
            memory: memory.expect("it is exported"),
            alloc: alloc.expect("it is exported"),
            task: task.expect("it is exported"),
            store,
        }
    }

    fn call<A: Serialize, R: DeserializeOwned>(&mut self, args: &A) -> R {
        let store = &mut self.store;
        let args = codec::encode(args).expect("it can be encoded");
        let len = u32::try_from(args.len()).expect("it is small");
        let ptr = self.alloc.call(&mut *store, len).expect("there is room");
        let written = self.memory.write(&mut *store, ptr as usize, &args);
        written.expect("it is in the memory");
        let answer = self.task.call(&mut *store, (0, ptr, len));
        let span = Span::from_u64(answer.expect("it does not trap"));
        let memory = self.memory.data(&*store);
        let range = span.range(memory.len()).expect("it is in the memory");
        match Outcome::read(&memory[range]) {
            Ok(Outcome::Value(bytes)) => codec::decode(bytes).expect("it is one"),
            other => panic!("{other:?}"),
        }
    }
}

/// What goes through a sandbox as it is. It stays, with a memory of up to a gigabyte.
fn bulk(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("bulk");
    let tasks = usize::MAX.try_into().expect("not zero");
    let pool = ProcessPool::builder(probe_tasks::MODULE)
        .workers(1)
        .isolation(Isolation::Reuse { tasks })
        .reuse_memory_bytes(1 << 30)
        .limits(Limits::new().memory_bytes(1 << 30));
    let pool = pool.build().expect("the pool can be made");
    for bytes in [64, 1_000_000, 64_000_000] {
        let data = vec![1_u8; bytes];
        group
            .throughput(Throughput::Bytes(bytes as u64))
            .sample_size(10);
        group.bench_function(format!("call, echo of {bytes} bytes"), |bencher| {
            bencher.iter_batched(
                || data.clone(),
                |data| pool.call(echo, data).expect("it does not fail"),
                BatchSize::PerIteration,
            );
        });
        group.bench_function(format!("call_with, echo of {bytes} bytes"), |bencher| {
            bencher.iter_batched(
                || data.clone(),
                |data| {
                    pool.call_with(echo, data, <[u8]>::len)
                        .expect("it does not fail")
                },
                BatchSize::PerIteration,
            );
        });
        let numbers = vec![1.0; bytes / size_of::<f64>()];
        group.bench_function(
            format!("call, echo of numbers of {bytes} bytes"),
            |bencher| {
                bencher.iter_batched(
                    || numbers.clone(),
                    |numbers| pool.call(echo_numbers, numbers).expect("it does not fail"),
                    BatchSize::PerIteration,
                );
            },
        );
        let mut copy = vec![0_u8; bytes];
        group.bench_function(format!("memcpy of {bytes} bytes"), |bencher| {
            bencher.iter(|| copy.copy_from_slice(black_box(&data)));
        });
        // What a call does with the memory of its argument and its result.
        let name = format!("copy of {bytes} bytes to new memory, giving the old back");
        group.bench_function(name, |bencher| {
            bencher.iter_batched(
                || data.clone(),
                |data| black_box(&data).clone(),
                BatchSize::PerIteration,
            );
        });
        group.bench_function(format!("giving {bytes} bytes back"), |bencher| {
            bencher.iter_batched(
                || data.clone(),
                |data| drop(black_box(data)),
                BatchSize::PerIteration,
            );
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

/// Many tasks at once, each in a new sandbox: what a second worker adds, and a second thread with the engine's
/// own calls.
fn scaling(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("new instances at once");
    const TASKS: usize = 2000;
    group
        .throughput(Throughput::Elements(TASKS as u64))
        .sample_size(20);
    for kib in [0, 64, 1024] {
        for workers in [1, 2] {
            let pool = ProcessPool::builder(probe_tasks::MODULE).workers(workers);
            let pool = pool.build().expect("the pool can be made");
            group.bench_function(
                format!("{workers} workers, touching {kib} KiB"),
                |bencher| {
                    bencher.iter(|| {
                        let handles: Vec<_> = (0..TASKS)
                            .map(|_| pool.submit(touch, kib << 10).expect("it is open"))
                            .collect();
                        for handle in handles {
                            handle.join().expect("it does not fail");
                        }
                    });
                },
            );
        }
    }
    let raw = Raw::new();
    for threads in [1, 2] {
        group.bench_function(
            format!("engine, {threads} threads, touching 0 KiB"),
            |bencher| {
                bencher.iter(|| {
                    std::thread::scope(|scope| {
                        for _ in 0..threads {
                            scope.spawn(|| {
                                for _ in 0..TASKS / threads {
                                    let (mut store, instance) = raw.start();
                                    let task = scalar(&mut store, &instance, "touch");
                                    let pages = task.call(&mut store, (0, 0, 0, 0));
                                    pages.expect("it does not trap");
                                }
                            });
                        }
                    });
                });
            },
        );
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

criterion_group!(
    benches,
    warm,
    bulk,
    new_instances,
    scaling,
    prepared,
    loading
);
criterion_main!(benches);

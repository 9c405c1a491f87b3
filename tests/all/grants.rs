//! What guests are granted: each grant used, refused where it is missing, and within its limits.

use std::sync::LazyLock;
use std::time::Duration;

use grant_tasks as tasks;
use sandpool::{Grants, Limits, LoadError, ProcessPool, Randomness, TaskErrorKind, TaskModule};
use sandpool_tests::LONG;

type Eight = (
    u8,
    i64,
    bool,
    char,
    String,
    Option<String>,
    (u8, u8),
    Vec<u32>,
);

/// All that the module imports.
pub(crate) fn all() -> Grants {
    Grants::new()
        .clock()
        .randomness(Randomness::Seeded(1_234_567))
        .log()
        .function("price", |article: String| match article.as_str() {
            "apple" => Some(30_u64),
            "pear" => Some(40),
            _ => None,
        })
        .function("tick", |(): ()| 1_u64)
        .function("join", |all: Eight| format!("{all:?}"))
        .function("note", |_: (String, u32)| ())
        .function("blob", |bytes: usize| "x".repeat(bytes).into_bytes())
}

pub(crate) fn module(grants: Grants) -> TaskModule {
    let builder = TaskModule::builder(tasks::MODULE).grants(grants);
    builder.load().unwrap()
}

pub(crate) fn pool_of(module: TaskModule) -> ProcessPool {
    ProcessPool::builder(module).workers(1).build().unwrap()
}

pub(crate) fn pool() -> ProcessPool {
    static MODULE: LazyLock<TaskModule> = LazyLock::new(|| module(all()));
    pool_of(MODULE.clone())
}

#[test]
fn only_what_a_task_uses_is_imported() {
    let info = sandpool::ModuleInfo::read(tasks::MODULE).unwrap();
    let mut imports: Vec<String> = info
        .imports()
        .iter()
        .map(|import| format!("{} {}", import.module(), import.name()))
        .collect();
    imports.sort();
    assert_eq!(
        imports,
        [
            "sandpool clock",
            "sandpool log",
            "sandpool random",
            "sandpool take_reply",
            "sandpool.host blob",
            "sandpool.host join",
            "sandpool.host note",
            "sandpool.host price",
            "sandpool.host tick",
        ]
    );
}

#[test]
fn what_is_not_granted_is_refused_and_the_error_says_what_to_grant() {
    let refused = |grants: Grants, import: &str| {
        let builder = TaskModule::builder(tasks::MODULE).grants(grants);
        match builder.load().unwrap_err() {
            LoadError::Import { name, reason, .. } if name == import || name == "take_reply" => {
                reason
            }
            other => panic!("{other}"),
        }
    };
    // Nothing but the first ones of what the module imports is granted.
    let info = sandpool::ModuleInfo::read(tasks::MODULE).unwrap();
    let mut grants = Grants::new();
    for import in info.imports() {
        let name = import.name();
        let (says, more) = match name {
            "clock" => ("`Grants::clock`", grants.clone().clock()),
            "random" => (
                "`Grants::randomness`",
                grants.clone().randomness(Randomness::System),
            ),
            "log" => ("`Grants::log`", grants.clone().log()),
            // Granted with the first function.
            "take_reply" => continue,
            name => (
                "`Grants::function(\"",
                grants.clone().function(name, |(): ()| ()),
            ),
        };
        let reason = refused(grants, name);
        assert!(reason.contains(says), "{name}: {reason}");
        grants = more;
    }
    assert!(info.check_with(&grants).is_ok());
    assert!(matches!(info.check(), Err(LoadError::Import { .. })));
}

#[test]
fn the_names_of_the_functions_that_there_are_are_told() {
    let grants = Grants::new()
        .clock()
        .randomness(Randomness::System)
        .log()
        .function("prize", |(): ()| ())
        .function("tock", |(): ()| ());
    let error = TaskModule::builder(tasks::MODULE).grants(grants).load();
    let error = error.unwrap_err().to_string();
    assert!(error.contains("sandpool.host"), "{error}");
    assert!(error.contains("granted are prize, tock"), "{error}");
}

#[test]
fn the_clock_starts_with_the_sandbox_and_goes_on() {
    let pool = pool();
    let (first, second) = pool.submit(tasks::clock_twice, ()).unwrap().join().unwrap();
    assert!(first <= second, "{first} {second}");
    assert!(Duration::from_nanos(second) < LONG);
}

#[test]
fn a_clock_or_the_systems_randomness_cannot_be_the_same_on_every_run() {
    for grants in [
        Grants::new().clock(),
        Grants::new().randomness(Randomness::System),
    ] {
        let builder = TaskModule::builder(fault_tasks::MODULE).deterministic();
        let error = builder.grants(grants).load().unwrap_err();
        assert!(matches!(error, LoadError::Settings(_)), "{error}");
    }
    let seeded = Grants::new().randomness(Randomness::Seeded(1));
    let builder = TaskModule::builder(fault_tasks::MODULE).deterministic();
    assert!(builder.grants(seeded).load().is_ok());
}

#[test]
fn seeded_randomness_is_the_same_in_every_sandbox() {
    let pool = pool();
    let draw = |first, second| {
        let handle = pool.submit(tasks::random_bytes, (first, second));
        handle.unwrap().join().unwrap()
    };
    let (bytes, number) = draw(8, 8);
    // What the generator's author publishes for this seed.
    let published = [6_457_827_717_110_365_317_u64, 3_203_168_211_198_807_973];
    assert_eq!(bytes, published.map(u64::to_le_bytes).concat());
    assert_eq!(number, 9_817_491_932_198_370_423);
    assert_eq!(draw(3, 13), (bytes, number));
}

#[test]
fn the_systems_randomness_is_another_one_in_every_sandbox() {
    let pool = pool_of(module(all().randomness(Randomness::System)));
    let draw = || {
        let handle = pool.submit(tasks::random_bytes, (16, 16));
        handle.unwrap().join().unwrap()
    };
    let (one, other) = (draw(), draw());
    assert_ne!(one.0, other.0);
    assert_ne!(one.1, other.1);
}

#[test]
fn filling_a_large_memory_with_random_bytes_is_stopped_in_the_middle() {
    let pool = pool_of(module(all().randomness(Randomness::System)));
    let limits = Limits::new().timeout(Duration::from_millis(50));
    let endless = pool.with(limits).submit(tasks::random_without_end, ());
    assert!(endless.unwrap().join().unwrap_err().is_timeout());
    let endless = pool.submit(tasks::random_without_end, ()).unwrap();
    while !endless.is_running() {
        std::thread::yield_now();
    }
    endless.cancel();
    let next = pool.submit(tasks::notes, 1).unwrap();
    next.join_timeout(LONG).unwrap().unwrap();
}

#[test]
fn bytes_that_the_host_copies_or_makes_burn_fuel() {
    let builder = TaskModule::builder(tasks::MODULE).grants(all());
    let pool = pool_of(builder.fuel_metering().load().unwrap());
    let burnt = |bytes| {
        let before = pool.stats().fuel_used;
        let task = pool.submit(tasks::random_bytes, (bytes, 0)).unwrap();
        task.join().unwrap();
        pool.stats().fuel_used - before
    };
    assert!(burnt(80_000) > burnt(8) + 9_000);
    let frugal = pool.with(Limits::new().fuel(1_000_000));
    let error = frugal.submit(tasks::random_without_end, ()).unwrap().join();
    let error = error.unwrap_err();
    assert!(
        matches!(error.kind(), TaskErrorKind::FuelExhausted { .. }),
        "{error}"
    );
}

#[test]
fn lines_beyond_the_limit_and_without_a_listener_do_no_harm() {
    let pool = pool();
    let limited = pool.with(Limits::new().log_bytes(0));
    limited
        .submit(tasks::log_levels, "text".to_owned())
        .unwrap()
        .join()
        .unwrap();
    let lines = ("x".repeat(1000), 1000);
    pool.submit(tasks::log_often, lines)
        .unwrap()
        .join()
        .unwrap();
}

//! What guests are granted: each grant used, refused where it is missing, and within its limits.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, LazyLock, Mutex, OnceLock, Weak, mpsc};
use std::time::Duration;

use grant_tasks as tasks;
use sandpool::{
    Grants, Isolation, Limits, LoadError, ProcessPool, Randomness, TaskErrorKind, TaskModule,
};
use sandpool_tests::LONG;

/// All that the module imports.
fn all() -> Grants {
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
        .function(
            "join",
            |all: (
                u8,
                i64,
                bool,
                char,
                String,
                Option<String>,
                (u8, u8),
                Vec<u32>,
            )| { format!("{all:?}") },
        )
        .function("note", |_: (String, u32)| ())
        .function("blob", |bytes: usize| "x".repeat(bytes).into_bytes())
}

fn module(grants: Grants) -> TaskModule {
    let builder = TaskModule::builder(tasks::MODULE).grants(grants);
    builder.load().unwrap()
}

fn pool_of(module: TaskModule) -> ProcessPool {
    ProcessPool::builder(module).workers(1).build().unwrap()
}

fn pool() -> ProcessPool {
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
fn a_function_of_the_host_is_called_with_values_and_returns_one() {
    let pool = pool();
    let total = |articles: &[&str]| {
        let articles = articles.iter().map(|article| (*article).to_owned());
        let handle = pool.submit(tasks::total, articles.collect());
        handle.unwrap().join()
    };
    assert_eq!(total(&["apple", "pear", "apple"]).unwrap(), 100);
    let error = total(&["apple", "plum"]).unwrap_err();
    let TaskErrorKind::Failed(failure) = error.kind() else {
        panic!("{error}");
    };
    assert_eq!(failure.message(), "there is no price for plum");
    assert_eq!(
        pool.submit(tasks::join_all, ()).unwrap().join().unwrap(),
        "(1, -2, true, '4', \"five\", Some(\"six\"), (7, 7), [8, 8, 8])"
    );
}

#[test]
fn a_function_without_result_is_called_as_often_as_the_guest_does() {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let own = Arc::clone(&seen);
    let note = move |note: (String, u32)| own.lock().unwrap().push(note);
    let pool = pool_of(module(all().function("note", note)));
    pool.submit(tasks::notes, 3).unwrap().join().unwrap();
    let expected = [0, 1, 2].map(|number| (format!("note {number}"), number));
    assert_eq!(*seen.lock().unwrap(), expected);
}

#[test]
fn of_two_functions_of_one_name_the_last_one_is_called() {
    let grants = all().function("tick", |(): ()| 2_u64);
    let pool = pool_of(module(grants));
    assert_eq!(
        pool.submit(tasks::tick_once, ()).unwrap().join().unwrap(),
        2
    );
}

#[test]
fn a_function_of_another_type_ends_the_task_and_not_the_pool() {
    let arguments = all().function("tick", |_: String| 1_u64);
    let pool = pool_of(module(arguments));
    let error = pool
        .submit(tasks::tick_once, ())
        .unwrap()
        .join()
        .unwrap_err();
    match error.kind() {
        TaskErrorKind::BadHostCall { function, .. } => assert_eq!(function, "tick"),
        _ => panic!("{error}"),
    }
    let result = all().function("tick", |(): ()| "no number");
    let pool = pool_of(module(result));
    let error = pool
        .submit(tasks::tick_once, ())
        .unwrap()
        .join()
        .unwrap_err();
    assert!(error.is_panic(), "{error}");
    assert!(error.to_string().contains("`tick`"), "{error}");
    assert!(pool.submit(tasks::notes, 1).unwrap().join().is_ok());
}

#[test]
fn a_panic_of_the_hosts_function_is_that_of_the_task_and_names_the_place() {
    let grants = all().function("tick", |(): ()| -> u64 { panic!("the shop is closed") });
    let pool = pool_of(module(grants));
    for _ in 0..3 {
        let error = pool
            .submit(tasks::tick_once, ())
            .unwrap()
            .join()
            .unwrap_err();
        let TaskErrorKind::Panicked(panic) = error.kind() else {
            panic!("{error}");
        };
        assert_eq!(panic.message(), "the shop is closed");
        assert!(panic.file().unwrap().ends_with("grants.rs"), "{error}");
        assert!(!error.backtrace().is_empty());
    }
    assert!(pool.submit(tasks::notes, 1).unwrap().join().is_ok());
}

#[test]
fn what_crosses_in_a_call_of_the_host_counts_against_the_limits() {
    let pool = pool();
    let limits = Limits::new().argument_bytes(1000).result_bytes(2000);
    let limited = pool.with(limits);
    assert_eq!(
        limited.submit(tasks::blob_of, 900).unwrap().join().unwrap(),
        900
    );
    let error = limited
        .submit(tasks::blob_of, 1000)
        .unwrap()
        .join()
        .unwrap_err();
    assert!(
        matches!(
            error.kind(),
            TaskErrorKind::ArgumentsTooLarge {
                bytes: 1002,
                limit_bytes: 1000
            }
        ),
        "{error}"
    );
    limited
        .submit(tasks::note_of, 1900)
        .unwrap()
        .join()
        .unwrap();
    let error = limited
        .submit(tasks::note_of, 2000)
        .unwrap()
        .join()
        .unwrap_err();
    assert!(
        matches!(
            error.kind(),
            TaskErrorKind::ResultTooLarge {
                bytes: 2003,
                limit_bytes: 2000
            }
        ),
        "{error}"
    );
}

#[test]
fn a_loop_of_calls_of_the_host_is_stopped_by_deadline_and_cancellation() {
    let (tell, told) = mpsc::channel();
    let grants = all().function("tick", move |(): ()| {
        let _ = tell.send(());
        1_u64
    });
    let pool = pool_of(module(grants));
    let limits = Limits::new().timeout(Duration::from_millis(30));
    let endless = pool.with(limits).submit(tasks::tick_without_end, ());
    assert!(endless.unwrap().join().unwrap_err().is_timeout());
    while told.try_recv().is_ok() {}
    let endless = pool.submit(tasks::tick_without_end, ()).unwrap();
    told.recv_timeout(LONG).unwrap();
    endless.cancel();
    assert!(endless.join().unwrap_err().is_cancelled());
    // The only worker is free again.
    let next = pool.submit(tasks::notes, 1).unwrap();
    next.join_timeout(LONG).unwrap().unwrap();
}

#[test]
fn a_worker_is_busy_with_a_call_of_a_cancelled_task_until_the_closure_returns() {
    let (begin, begun) = mpsc::channel();
    let (release, released) = mpsc::channel::<()>();
    let released = Mutex::new(released);
    let returned = Arc::new(AtomicU64::new(0));
    let own = Arc::clone(&returned);
    let grants = all().function("tick", move |(): ()| {
        let _ = begin.send(());
        let _ = released.lock().unwrap().recv_timeout(LONG);
        own.fetch_add(1, Ordering::SeqCst)
    });
    let pool = pool_of(module(grants));
    let task = pool.submit(tasks::tick_without_end, ()).unwrap();
    begun.recv_timeout(LONG).unwrap();
    task.cancel();
    assert!(task.join().unwrap_err().is_cancelled());
    let next = pool.submit(tasks::notes, 1).unwrap();
    assert_eq!(returned.load(Ordering::SeqCst), 0);
    assert!(!next.is_finished());
    release.send(()).unwrap();
    next.join_timeout(LONG).unwrap().unwrap();
    // Without a look whether it was cancelled, the guest would have called again.
    assert_eq!(returned.load(Ordering::SeqCst), 1);
    assert!(begun.try_recv().is_err());
}

#[test]
fn a_function_of_the_host_may_wait_for_tasks_of_the_same_pool() {
    let place = Arc::new(OnceLock::<Weak<ProcessPool>>::new());
    let own = Arc::clone(&place);
    let grants =
        all()
            .function("price", |_: String| Some(7_u64))
            .function("tick", move |(): ()| {
                let pool = own.get().unwrap().upgrade().unwrap();
                let inner = pool
                    .submit(tasks::total, vec!["any".to_owned(); 3])
                    .unwrap();
                inner.join().unwrap()
            });
    let pool = Arc::new(pool_of(module(grants)));
    place.set(Arc::downgrade(&pool)).unwrap();
    let task = pool.submit(tasks::tick_once, ()).unwrap();
    assert_eq!(task.join_timeout(LONG).unwrap().unwrap(), 21);
}

#[test]
fn calls_of_the_host_work_in_a_sandbox_that_serves_several_tasks() {
    let pool = ProcessPool::builder(module(all()))
        .workers(1)
        .isolation(Isolation::Reuse {
            tasks: 100.try_into().unwrap(),
        })
        .build()
        .unwrap();
    for bytes in [0, 1, 5000, 3] {
        assert_eq!(
            pool.submit(tasks::blob_of, bytes).unwrap().join().unwrap(),
            bytes
        );
    }
    assert_eq!(pool.stats().instances_made, 1);
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

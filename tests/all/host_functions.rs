//! Functions of the host: called with values, within limits, and stopped.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, Weak, mpsc};
use std::time::Duration;

use grant_tasks as tasks;
use sandpool::{Isolation, Limits, ProcessPool, TaskErrorKind};
use sandpool_tests::LONG;

use crate::grants::{all, module, pool, pool_of};

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
        assert!(
            panic.file().unwrap().ends_with("host_functions.rs"),
            "{error}"
        );
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

//! Tasks in the order in which they end.

use std::sync::Arc;
use std::time::Duration;

use sandpool::{TaskHandle, ThreadPool, WaitFor, as_completed, wait};
use sandpool_tests::{Busy, LONG, on_both_pools};

/// Conformance: 59 (both)
#[test]
fn as_completed_yields_in_the_order_of_completion() {
    on_both_pools(3, |pool| {
        let busy: [Busy; 3] = [(); 3].map(|()| pool.busy());
        let mut completed = as_completed(&busy);
        assert_eq!(completed.len(), 3);
        for number in [2, 0, 1] {
            busy[number].release();
            assert!(std::ptr::eq(completed.next().unwrap(), &busy[number]));
        }
        assert!(completed.next().is_none());
        assert!(completed.next().is_none(), "and it stays at its end");
    });
}

/// Conformance: 59 (both)
#[test]
fn as_completed_yields_first_what_has_ended_before() {
    on_both_pools(3, |pool| {
        let busy: [Busy; 3] = [(); 3].map(|()| pool.busy());
        busy[2].release();
        wait(&busy[2..], WaitFor::All, Some(LONG)).done.clear();
        let mut completed = as_completed(&busy);
        assert!(std::ptr::eq(completed.next().unwrap(), &busy[2]));
        busy[1].release();
        assert!(std::ptr::eq(completed.next().unwrap(), &busy[1]));
        busy[0].release();
        assert_eq!(completed.count(), 1);
    });
}

/// Conformance: 49, 60 (both)
#[test]
fn as_completed_takes_whatever_iterates_and_what_comes_twice() {
    on_both_pools(2, |pool| {
        let busy = [pool.busy(), pool.busy()];
        let twice = busy.iter().chain(&busy[..1]).filter(|_| true);
        let mut completed = as_completed(twice);
        busy[0].release();
        for _ in 0..2 {
            let next = completed.next_timeout(LONG).unwrap().unwrap();
            assert!(std::ptr::eq(next, &busy[0]));
        }
        assert!(completed.next_timeout(Duration::ZERO).is_err());
        busy[1].release();
        assert_eq!(completed.count(), 1);
    });
}

/// Conformance: 60 (both)
#[test]
fn as_completed_keeps_what_came_with_the_handle() {
    on_both_pools(2, |pool| {
        let handles = ["1", "22"].map(|text| (text, pool.parse(text)));
        for (text, handle) in as_completed(handles) {
            assert_eq!(handle.join().unwrap().to_string(), text);
        }
    });
}

/// Conformance: B9 (both)
#[test]
fn as_completed_takes_new_handles_while_it_is_drained() {
    on_both_pools(2, |pool| {
        let mut completed = as_completed([pool.number(3)]);
        let mut seen = Vec::new();
        while let Some(handle) = completed.next() {
            let n = handle.join().unwrap();
            seen.push(n);
            for next in 0..n {
                completed.add(pool.number(next));
            }
        }
        seen.sort_unstable();
        assert_eq!(seen, [0, 0, 0, 0, 1, 1, 2, 3]);
        completed.add(pool.number(0));
        assert_eq!(completed.next().unwrap().join().unwrap(), 0);
    });
}

/// Conformance: 61 (both)
#[test]
fn as_completed_can_run_out_of_time_and_be_asked_again() {
    on_both_pools(2, |pool| {
        let busy = [pool.busy(), pool.busy()];
        let mut completed = as_completed(&busy);
        let error = completed.next_timeout(Duration::ZERO).unwrap_err();
        assert_eq!(error.to_string(), "2 (of 2) tasks unfinished");
        busy[1].release();
        let first = completed.next_timeout(LONG).unwrap().unwrap();
        assert!(std::ptr::eq(first, &busy[1]));
        for timeout in [Duration::ZERO, Duration::from_millis(1)] {
            let error = completed.next_timeout(timeout).unwrap_err();
            assert_eq!((error.unfinished(), error.total()), (1, 2));
        }
        busy[0].release();
        assert!(completed.next_timeout(LONG).unwrap().is_some());
        assert!(completed.next_timeout(Duration::ZERO).unwrap().is_none());
    });
}

/// Conformance: 62 (both)
#[test]
fn as_completed_keeps_nothing_of_what_it_has_returned() {
    on_both_pools(1, |pool| {
        let busy = pool.busy();
        let held: Vec<Arc<()>> = (0..3).map(|_| Arc::default()).collect();
        let handles = held.iter().map(|held| pool.hold(Arc::clone(held)));
        let mut completed = as_completed(handles.collect::<Vec<_>>());
        drop(busy);
        for handle in completed.by_ref() {
            let result = handle.join().unwrap();
            let left = Arc::downgrade(&result);
            drop(result);
            assert!(left.upgrade().is_none());
        }
        assert!(held.iter().all(|held| Arc::strong_count(held) == 1));
        assert!(completed.next().is_none());
    });
}

/// Conformance: 63
#[test]
fn as_completed_of_nothing_ends_at_once() {
    assert!(as_completed(Vec::<TaskHandle<()>>::new()).next().is_none());
}

#[test]
fn what_has_completed_can_be_had_at_once() {
    let pool = ThreadPool::new(2).unwrap();
    for _ in 0..200 {
        let handles: Vec<_> = (0..4).map(|n| pool.submit(move || n).unwrap()).collect();
        for handle in as_completed(handles) {
            assert!(handle.is_finished());
            assert!(handle.try_join().is_ok());
        }
    }
}

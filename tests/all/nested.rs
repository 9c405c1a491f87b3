//! Tasks that wait for tasks of their own pool: a worker that waits does what it waits for.

use std::sync::{Arc, mpsc};

use fault_tasks as tasks;
use sandpool::{Limits, MapOptions, ProcessPool, ThreadPool, WaitFor, as_completed, wait};
use sandpool_tests::{LONG, pool};

fn sum_of_tree(pool: &Arc<ThreadPool>, depth: u32) -> u64 {
    if depth == 0 {
        return 1;
    }
    let branch = || {
        let own = Arc::clone(pool);
        pool.submit(move || sum_of_tree(&own, depth - 1)).unwrap()
    };
    let (left, right) = (branch(), branch());
    left.join().unwrap() + right.join().unwrap()
}

/// Conformance: B7 (threads)
#[test]
fn a_tree_of_tasks_ends_on_a_single_worker() {
    for workers in [1, 2] {
        let pool = Arc::new(ThreadPool::new(workers).unwrap());
        let own = Arc::clone(&pool);
        let tree = pool.submit(move || sum_of_tree(&own, 8)).unwrap();
        assert_eq!(tree.join_timeout(LONG).unwrap().unwrap(), 256);
    }
}

/// Conformance: B7 (threads)
#[test]
fn every_way_of_waiting_works_inside_a_worker() {
    let pool = Arc::new(ThreadPool::new(1).unwrap());
    let own = Arc::clone(&pool);
    let outer = pool.submit(move || {
        let handles = || (1..=4).map(|n| own.submit(move || n).unwrap());
        let waited = wait(handles(), WaitFor::All, None);
        let first: u32 = waited.done.into_iter().map(|h| h.join().unwrap()).sum();
        let second: u32 = as_completed(handles()).map(|h| h.join().unwrap()).sum();
        let third: u32 = own.map(|n| n, 1..=4).unwrap().map(Result::unwrap).sum();
        (first, second, third)
    });
    let sums = outer.unwrap().join_timeout(LONG).unwrap().unwrap();
    assert_eq!(sums, (10, 10, 10));
}

/// Conformance: B7 (processes)
#[test]
fn a_callback_on_a_process_worker_can_wait_for_a_task_of_its_pool() {
    let pool: Arc<ProcessPool> = Arc::new(pool(1, Limits::new()));
    let (tell, told) = mpsc::channel();
    let (begin, begun) = mpsc::channel::<()>();
    let first = pool.submit(tasks::spin, ()).unwrap();
    let canceller = first.cancel_handle();
    let second = pool.submit(tasks::echo, "second".to_owned()).unwrap();
    let own = Arc::clone(&pool);
    second.on_finish(move |_| {
        let third = own.submit(tasks::add, (1, 2)).unwrap();
        tell.send(third.join().unwrap()).unwrap();
        drop(begin);
    });
    assert!(canceller.cancel());
    assert_eq!(told.recv_timeout(LONG).unwrap(), 3);
    assert!(begun.recv_timeout(LONG).is_err());
}

#[test]
fn a_joiner_outside_of_the_pool_leaves_the_work_to_the_workers() {
    let pool = ThreadPool::builder()
        .workers(1)
        .name("own")
        .build()
        .unwrap();
    let other = ThreadPool::new(1).unwrap();
    let name = || std::thread::current().name().map(str::to_owned);
    let handle = pool.submit(name).unwrap();
    let name = other.submit(move || handle.join().unwrap()).unwrap();
    assert_eq!(name.join().unwrap().as_deref(), Some("own_0"));
}

/// Conformance: B7 (threads)
#[test]
fn an_iterator_that_comes_to_a_worker_from_elsewhere_waits_as_one_that_was_made_there() {
    let pool = Arc::new(ThreadPool::new(1).unwrap());
    let options = MapOptions::new().unordered().window(2);
    let map = pool.map_with(|n| n, 0..10, options).unwrap();
    let count = pool.submit(move || map.count()).unwrap();
    assert_eq!(count.join_timeout(LONG).unwrap().unwrap(), 10);

    let mut completed = as_completed([pool.submit(|| 1).unwrap()]);
    let own = Arc::clone(&pool);
    let sum = pool.submit(move || {
        completed.add(own.submit(|| 2).unwrap());
        completed.map(|handle| handle.join().unwrap()).sum::<i32>()
    });
    assert_eq!(sum.unwrap().join_timeout(LONG).unwrap().unwrap(), 3);
}

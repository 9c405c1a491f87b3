//! What is called on worker threads when they start and stop.

use std::sync::{Arc, Mutex, OnceLock, Weak, mpsc};
use std::time::Duration;

use fault_tasks as tasks;
use sandpool::{ProcessPool, Shutdown, ThreadPool};
use sandpool_tests::{LONG, fault_module};

#[test]
fn hooks_are_told_of_every_worker_that_starts_and_stops() {
    let (tell, told) = mpsc::channel();
    let say = |what: &'static str| {
        let tell = tell.clone();
        move |number| {
            let name = std::thread::current().name().unwrap().to_owned();
            tell.send((what, number, name)).unwrap();
            panic!("a hook that panics");
        }
    };
    let threads = ThreadPool::builder()
        .workers(1)
        .name("w")
        .on_thread_start(say("start"))
        .on_thread_stop(say("stop"))
        .build()
        .unwrap();
    assert_eq!(threads.submit(|| 42).unwrap().join().unwrap(), 42);
    drop(threads);
    let processes = ProcessPool::builder(fault_module())
        .workers(1)
        .name("w")
        .on_thread_start(say("start"))
        .on_thread_stop(say("stop"))
        .build()
        .unwrap();
    assert_eq!(
        processes
            .submit(tasks::add, (1, 2))
            .unwrap()
            .join()
            .unwrap(),
        3
    );
    drop(processes);
    let each = [
        ("start", 0, "w_0".to_owned()),
        ("stop", 0, "w_0".to_owned()),
    ];
    let expected = [each.clone(), each].concat();
    assert_eq!(told.try_iter().collect::<Vec<_>>(), expected);
}

#[test]
fn a_hook_that_shuts_its_pool_down_or_drops_it_does_not_wait_for_itself() {
    let own = Arc::new(OnceLock::<Weak<ThreadPool>>::new());
    let pool = {
        let own = Arc::clone(&own);
        ThreadPool::builder().workers(1).on_thread_start(move |_| {
            let pool = own.get().and_then(Weak::upgrade).unwrap();
            pool.shutdown(Shutdown::Finish);
        })
    };
    let pool = Arc::new(pool.build().unwrap());
    own.set(Arc::downgrade(&pool)).unwrap();
    let accepted = pool.submit(|| 42).unwrap();
    assert_eq!(accepted.join_timeout(LONG).unwrap().unwrap(), 42);

    let last = Arc::new(Mutex::new(None::<ThreadPool>));
    let (tell, told) = mpsc::channel();
    let pool = {
        let last = Arc::clone(&last);
        ThreadPool::builder().workers(1).on_thread_stop(move |_| {
            let pool = last.lock().unwrap().take();
            drop(pool);
            tell.send(()).unwrap();
        })
    };
    let pool = pool.build().unwrap();
    assert_eq!(pool.submit(|| 42).unwrap().join().unwrap(), 42);
    let mut place = last.lock().unwrap();
    pool.shutdown_timeout(Shutdown::Finish, Duration::ZERO);
    *place = Some(pool);
    drop(place);
    told.recv_timeout(LONG).unwrap();
}

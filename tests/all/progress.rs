//! How far a map is.

use std::sync::{Arc, Mutex, mpsc};

use fault_tasks as tasks;
use sandpool::{Limits, MapOptions, Progress, ThreadPool};
use sandpool_tests::pool;

#[test]
fn progress_is_told_of_every_task_whatever_the_chunks() {
    fn check(finished_by: impl FnOnce(MapOptions), total: Option<usize>, chunk: usize) {
        let told = Arc::new(Mutex::new(Vec::<Progress>::new()));
        let tell = Arc::clone(&told);
        let options = MapOptions::new().window(8).chunk(chunk);
        finished_by(options.progress(move |progress| tell.lock().unwrap().push(progress)));
        let told = told.lock().unwrap();
        let grows = |pair: &[Progress]| {
            pair[0].finished <= pair[1].finished && pair[0].failed <= pair[1].failed
        };
        assert!(told.windows(2).all(grows), "{told:?}");
        assert_eq!(told[0].total, total);
        let last = told.last().unwrap();
        assert_eq!((last.finished, last.failed, last.total), (30, 10, Some(30)));
    }
    let threads = ThreadPool::new(2).unwrap();
    let closure = |n: i32| assert!(n % 3 != 0, "one of three");
    let processes = pool(2, Limits::new());
    let word = |n: i32| if n % 3 == 0 { "x" } else { "7" }.to_owned();
    for chunk in [1, 4, 8] {
        let known = |options| _ = threads.map_with(closure, 0..30, options).unwrap().count();
        check(known, Some(30), chunk);
        let unknown = |options| {
            let inputs = (0..).take_while(|n| *n < 30).map(word);
            _ = processes
                .map_with(tasks::fail, inputs, options)
                .unwrap()
                .count();
        };
        check(unknown, None, chunk);
    }
}

#[test]
fn progress_tells_of_cancelled_tasks_once_and_survives_a_panic() {
    let pool = ThreadPool::new(1).unwrap();
    let (release, released) = mpsc::channel::<()>();
    drop(pool.submit(move || released.recv().is_err()).unwrap());
    let last = Arc::new(Mutex::new(Progress::default()));
    let tell = Arc::clone(&last);
    let options = MapOptions::new().chunk(3).progress(move |progress| {
        *tell.lock().unwrap_or_else(|error| error.into_inner()) = progress;
        panic!("a callback that panics");
    });
    let map = pool.map_with(|n: i32| n, 0..10, options).unwrap();
    drop(map);
    let last = *last.lock().unwrap_or_else(|error| error.into_inner());
    assert_eq!((last.finished, last.failed), (10, 10));
    drop(release);
}

//! Maps: results in order or as they come, windows, chunks, time limits.

use std::sync::mpsc::channel;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::error::{MapError, SubmitErrorKind};
use crate::map_options::MapOptions;
use crate::progress::Progress;
use crate::thread_pool::ThreadPool;

#[test]
fn results_come_in_order_and_what_is_dropped_is_cancelled() {
    let pool = ThreadPool::new(2).unwrap();
    let words = || ["a", "b", "c"].map(str::to_owned);
    let map = pool.map(|word: String| word + "!", words()).unwrap();
    assert_eq!(
        map.map(Result::unwrap).collect::<Vec<_>>(),
        ["a!", "b!", "c!"]
    );
    let held = Arc::new(());
    let inputs = std::iter::repeat_n(Arc::clone(&held), 4);
    drop(pool.map(drop, inputs).unwrap());
    drop(pool);
    assert_eq!(Arc::strong_count(&held), 1);
}

#[test]
fn windows_and_chunks_take_each_input_once_also_where_the_queue_is_full() {
    let inputs = ["one", "three", "seven", "and", "nine"].map(str::to_owned);
    let options: [fn() -> MapOptions; 4] = [
        || MapOptions::new().window(3).chunk(2),
        || MapOptions::new().chunk(2),
        || MapOptions::new().window(4).auto_chunk().unordered(),
        || MapOptions::new().auto_chunk().unordered(),
    ];
    for options in options {
        let pool = ThreadPool::builder().workers(2).queue(1).build().unwrap();
        let told = Arc::new(Mutex::new(Progress::default()));
        let telling = Arc::clone(&told);
        let progress = move |now: Progress| *telling.lock().unwrap() = now;
        // The inputs borrow from here, the tasks own what they are given.
        let lengths = inputs.iter().cloned();
        let map = pool.map_with(
            |word: String| word.len(),
            lengths,
            options().progress(progress),
        );
        let sum: usize = map.unwrap().map(Result::unwrap).sum();
        assert_eq!(sum, 20);
        let told = told.lock().unwrap();
        assert_eq!((told.finished, told.failed, told.total), (5, 0, Some(5)));
    }
}

#[test]
fn a_task_of_a_chunk_that_panics_spoils_no_other() {
    let pool = ThreadPool::new(1).unwrap();
    let half = |n: u32| {
        assert_eq!(n % 2, 0, "odd");
        Box::new(n / 2)
    };
    let map = pool.map_with(half, 0..3, MapOptions::new().chunk(3));
    let halves: Vec<_> = map.unwrap().map(Result::ok).collect();
    assert_eq!(halves, [Some(Box::new(0)), None, Some(Box::new(1))]);
}

#[test]
fn a_map_out_of_time_cancels_what_has_not_ended() {
    for options in [MapOptions::new(), MapOptions::new().unordered()] {
        let pool = ThreadPool::new(1).unwrap();
        let (open, gate) = channel::<()>();
        let gate = Mutex::new(gate);
        let held = Arc::new(());
        let inputs = std::iter::repeat(Arc::clone(&held));
        let options = options.window(2).timeout(Duration::from_millis(1));
        let wait = move |_held| gate.lock().unwrap().recv().is_ok();
        let mut map = pool.map_with(wait, inputs, options).unwrap();
        assert!(matches!(map.next(), Some(Err(MapError::TimedOut { .. }))));
        assert!(map.next().is_none());
        drop((map, open, pool));
        assert_eq!(Arc::strong_count(&held), 1);
    }
}

#[test]
fn a_map_that_outlives_its_pool_returns_what_was_accepted() {
    let pool = ThreadPool::new(1).unwrap();
    let options = MapOptions::new().window(2);
    let mut map = pool.map_with(|n| vec![n], 0.., options).unwrap();
    drop(pool);
    assert_eq!(map.next().unwrap().unwrap(), [0]);
    assert_eq!(map.next().unwrap().unwrap(), [1]);
    let Some(Err(MapError::NotSubmitted(error))) = map.next() else {
        panic!("{map:?}");
    };
    assert!(matches!(error.kind(), SubmitErrorKind::ShutDown));
    assert!(map.next().is_none());
}

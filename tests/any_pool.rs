//! A pool of either kind behind one trait, for what holds on both with the same assertions.

use std::fmt::Debug;
use std::sync::{Arc, Mutex, mpsc};
use std::time::Duration;

use fault_tasks as tasks;
use sandpool::{
    Awaited, Limits, Map, PoolStats, ProcessPool, Shutdown, SubmitError, SubmitErrorKind, Task,
    TaskHandle, ThreadPool,
};
use sandpool_abi::codec::CodecError;
use sandpool_abi::{Arguments, Record, Reply};

use crate::pool;

/// A pool whose tasks return a number.
pub trait AnyPool: Debug + Send + Sync {
    /// Submits a task that returns the number in `text`, or fails where there is none. `None` where
    /// it is refused because of a shutdown, and given back.
    fn try_parse(&self, text: &str) -> Option<TaskHandle<u32>>;

    /// Submits the same task for each text.
    fn map_parse(&self, texts: &[&str]) -> Map<u32>;

    /// Submits a task that is given `held` and returns another such value.
    fn hold(&self, held: Arc<()>) -> TaskHandle<Arc<()>>;

    /// Submits the same task for each value.
    fn map_hold(&self, held: Vec<Arc<()>>) -> Map<Arc<()>>;

    /// Makes a worker busy until what is returned is dropped.
    fn busy(&self) -> Busy;

    /// As the pool's own.
    fn shutdown(&self, how: Shutdown);

    /// As the pool's own.
    fn shutdown_timeout(&self, how: Shutdown, timeout: Duration) -> bool;

    /// As the pool's own.
    fn stats(&self) -> PoolStats;

    /// Submits a task that returns the number in `text`, or fails where there is none.
    fn parse(&self, text: &str) -> TaskHandle<u32> {
        self.try_parse(text).expect("it is not shut down")
    }

    /// Submits a task that returns the number.
    fn number(&self, number: u32) -> TaskHandle<u32> {
        self.parse(&number.to_string())
    }

    /// Submits a task that fails with an error of its own, or panics.
    fn failing(&self) -> TaskHandle<u32> {
        self.parse("no number")
    }

    /// Returns how many workers the pool has.
    fn started(&self) -> usize {
        usize::try_from(self.stats().workers).expect("there are a few")
    }
}

/// Runs the test on a pool of each kind with so many workers. What a failed test prints names the
/// pool that it had last.
pub fn on_both_pools(workers: usize, test: impl Fn(Box<dyn AnyPool>)) {
    let threads = ThreadPool::new(workers).expect("a few threads");
    let pools: [Box<dyn AnyPool>; 2] = [Box::new(threads), Box::new(pool(workers, Limits::new()))];
    for pool in pools {
        println!("on {pool:?}");
        test(pool);
    }
}

/// A worker that is busy until this is released or dropped: with a closure that then ends, or with an
/// endless guest that is then cancelled.
#[derive(Debug)]
pub struct Busy {
    handle: TaskHandle<()>,
    release: Mutex<Option<mpsc::Sender<()>>>,
}

impl Busy {
    fn new(handle: TaskHandle<()>, release: Option<mpsc::Sender<()>>) -> Self {
        while !handle.is_running() {
            std::thread::yield_now();
        }
        let release = Mutex::new(release);
        Self { handle, release }
    }

    /// Returns the handle of the task that keeps the worker busy.
    pub fn handle(&self) -> &TaskHandle<()> {
        &self.handle
    }

    /// Ends the task.
    pub fn release(&self) {
        drop(self.release.lock().expect("nothing panics in it").take());
        // Changes nothing on a closure.
        self.handle.cancel();
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        self.release();
    }
}

impl Awaited for &Busy {
    type Output = ();

    fn handle(&self) -> &TaskHandle<()> {
        &self.handle
    }
}

impl AnyPool for ThreadPool {
    fn try_parse(&self, text: &str) -> Option<TaskHandle<u32>> {
        let work = text.to_owned();
        let submitted = self.submit(move || number_in(work));
        submitted.map_err(|error| drop(refused(error))).ok()
    }

    fn map_parse(&self, texts: &[&str]) -> Map<u32> {
        let texts: Vec<_> = texts.iter().map(ToString::to_string).collect();
        self.map(number_in, texts).expect("accepted")
    }

    fn hold(&self, held: Arc<()>) -> TaskHandle<Arc<()>> {
        self.submit(move || exchange(held)).expect("accepted")
    }

    fn map_hold(&self, held: Vec<Arc<()>>) -> Map<Arc<()>> {
        self.map(exchange, held).expect("accepted")
    }

    fn busy(&self) -> Busy {
        let (release, released) = mpsc::channel::<()>();
        let handle = self.submit(move || _ = released.recv());
        Busy::new(handle.expect("accepted"), Some(release))
    }

    fn shutdown(&self, how: Shutdown) {
        self.shutdown(how);
    }

    fn shutdown_timeout(&self, how: Shutdown, timeout: Duration) -> bool {
        self.shutdown_timeout(how, timeout)
    }

    fn stats(&self) -> PoolStats {
        self.stats()
    }
}

impl AnyPool for ProcessPool {
    fn try_parse(&self, text: &str) -> Option<TaskHandle<u32>> {
        let submitted = self.submit(tasks::fail, text.to_owned());
        let given_back = submitted.map_err(refused);
        given_back.map_err(|back| assert_eq!(back, text)).ok()
    }

    fn map_parse(&self, texts: &[&str]) -> Map<u32> {
        let texts = texts.iter().map(ToString::to_string);
        self.map(tasks::fail, texts).expect("accepted")
    }

    fn hold(&self, held: Arc<()>) -> TaskHandle<Arc<()>> {
        self.submit(Hold, held).expect("accepted")
    }

    fn map_hold(&self, held: Vec<Arc<()>>) -> Map<Arc<()>> {
        self.map(Hold, held).expect("accepted")
    }

    fn busy(&self) -> Busy {
        let handle = self.submit(tasks::spin, ());
        Busy::new(handle.expect("accepted"), None)
    }

    fn shutdown(&self, how: Shutdown) {
        self.shutdown(how);
    }

    fn shutdown_timeout(&self, how: Shutdown, timeout: Duration) -> bool {
        self.shutdown_timeout(how, timeout)
    }

    fn stats(&self) -> PoolStats {
        self.stats()
    }
}

fn number_in(text: String) -> u32 {
    text.parse().expect("a task that fails")
}

fn exchange(held: Arc<()>) -> Arc<()> {
    drop(held);
    Arc::default()
}

/// Returns the work that a pool refused because it was shut down.
fn refused<W>(error: SubmitError<W>) -> W {
    assert!(matches!(error.kind(), SubmitErrorKind::ShutDown), "{error}");
    error.into_inner()
}

/// The guest's task `nothing`, whose argument and result are shared on this side.
#[derive(Clone, Copy)]
struct Hold;

impl Task for Hold {
    type Args = Arc<()>;
    type Output = Arc<()>;
    const RECORD: Record = <tasks::nothing as Task>::RECORD;

    fn encode(_: &Arc<()>) -> Result<Arguments<'_>, CodecError> {
        <tasks::nothing as Task>::encode(&())
    }

    fn decode(reply: Reply<'_>) -> Result<Arc<()>, CodecError> {
        <tasks::nothing as Task>::decode(reply)?;
        Ok(Arc::default())
    }
}

#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

mod arrivals;
mod cancel_token;
mod completion;
mod error;
mod handle;
mod limits;
mod load;
mod map;
mod panic_place;
mod process_pool;
mod promise;
mod running;
mod sandbox;
mod shutdown;
mod stats;
mod sync;
mod thread_pool;
mod wait;
mod workers;

pub use cancel_token::CancelToken;
pub use error::{
    BuildError, Failure, Frame, LoadError, Panic, SubmitError, SubmitErrorKind, TaskError,
    TaskErrorKind, TrapKind, Unfinished,
};
pub use handle::{CancelHandle, TaskHandle};
pub use limits::Limits;
pub use map::Map;
pub use process_pool::{ProcessPool, ProcessPoolBuilder, Submitter};
pub use sandbox::{Import, ModuleInfo, TaskInfo, TaskModule};
pub use sandpool_abi::{Parameter, Task};
pub use shutdown::Shutdown;
pub use stats::PoolStats;
pub use thread_pool::{ThreadPool, ThreadPoolBuilder};
pub use wait::{AsCompleted, Awaited, NoneCompleted, WaitFor, Waited, as_completed, wait};

#![doc = include_str!("../README.md")]
#![deny(unsafe_code)]

mod arrivals;
mod cancel_token;
mod chunk;
mod completion;
mod control;
mod error;
mod grants;
mod handle;
mod initialization;
mod interruption;
mod isolation;
mod limits;
mod load;
mod load_limits;
mod map;
mod map_options;
mod map_with;
mod panic_place;
mod process_pool;
mod progress;
mod promise;
mod queue;
mod quietly;
mod running;
mod sandbox;
mod scope;
mod settings;
mod shutdown;
mod slot;
mod state;
mod stats;
mod sync;
mod task;
mod text;
mod this_worker;
mod thread_number;
mod thread_pool;
#[cfg(feature = "tracing")]
mod trace;
#[cfg(not(feature = "tracing"))]
#[path = "no_trace.rs"]
mod trace;
mod wait;
mod workers;

pub use cancel_token::CancelToken;
pub use error::{
    BuildError, CallError, Failure, Frame, LoadError, MapError, Panic, SnapshotError, SubmitError,
    SubmitErrorKind, TaskError, TaskErrorKind, TrapKind, Unfinished,
};
#[cfg(feature = "wasi")]
pub use grants::{Access, Wasi};
pub use grants::{Grants, Randomness};
pub use handle::{CancelHandle, TaskHandle};
pub use initialization::Initialization;
pub use interruption::Interruption;
pub use isolation::Isolation;
pub use limits::Limits;
pub use load_limits::LoadLimits;
pub use map::Map;
pub use map_options::MapOptions;
pub use map_with::MapWith;
pub use process_pool::{ProcessPool, ProcessPoolBuilder, ProcessScope, Submitter};
pub use progress::Progress;
pub use sandbox::{Import, ModuleInfo, ModuleStore, TaskInfo, TaskModule, TaskModuleBuilder};
pub use sandpool_abi::{Parameter, Task};
pub use scope::Scope;
pub use shutdown::Shutdown;
pub use stats::PoolStats;
pub use thread_pool::{ThreadPool, ThreadPoolBuilder};
pub use wait::{AsCompleted, Awaited, NoneCompleted, WaitFor, Waited, as_completed, wait};

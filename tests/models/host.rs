//! The library's own sources, all that run without the engine: where the crate that includes them
//! gets its `sync` from says whose threads they run on.

/// Its modules, under the paths that they have in the library.
#[path = "../../host/src"]
mod sources {
    pub(crate) mod arrivals;
    pub(crate) mod cancel_token;
    pub(crate) mod chunk;
    pub(crate) mod completion;
    pub(crate) mod control;
    pub(crate) mod error;
    pub(crate) mod handle;
    pub(crate) mod initialization;
    pub(crate) mod interruption;
    pub(crate) mod load;
    pub(crate) mod map;
    pub(crate) mod map_options;
    pub(crate) mod map_with;
    pub(crate) mod panic_place;
    pub(crate) mod progress;
    pub(crate) mod promise;
    pub(crate) mod queue;
    pub(crate) mod quietly;
    pub(crate) mod running;
    pub(crate) mod scope;
    pub(crate) mod settings;
    pub(crate) mod shutdown;
    pub(crate) mod slot;
    pub(crate) mod state;
    pub(crate) mod stats;
    pub(crate) mod task;
    pub(crate) mod text;
    pub(crate) mod this_worker;
    pub(crate) mod thread_number;
    pub(crate) mod thread_pool;
    #[path = "no_trace.rs"]
    pub(crate) mod trace;
    pub(crate) mod wait;
    pub(crate) mod workers;
}

pub(crate) use sources::*;

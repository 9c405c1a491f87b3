//! What a process is here: a wasm instance with its own memory.
//!
//! The engine's types stay in this folder.

mod admission;
mod alarm;
mod builder;
mod compared;
mod compile;
mod coredumps;
mod engine;
mod epochs;
mod exports;
mod features;
mod flags;
mod guest;
mod host_state;
mod imports;
mod info;
mod instance;
mod interrupt;
mod lines;
mod mappings;
mod memory;
mod module;
mod processes;
mod rewrite;
mod snapshot;
mod store;
mod trap;
#[cfg(feature = "wasi")]
mod wasi;

pub use builder::TaskModuleBuilder;
pub use info::{Import, ModuleInfo, TaskInfo};
pub(crate) use interrupt::Interrupt;
pub use module::TaskModule;
pub(crate) use module::{Entry, NoRoom, Reservation};
pub(crate) use processes::{Call, Fault, Initializer, NESTED, Plan, Processes};
pub use store::ModuleStore;

//! What a process is here: a wasm instance with its own memory.
//!
//! The engine's types stay in this folder.

mod alarm;
mod engine;
mod info;
mod instance;
mod interrupt;
mod memory;
mod module;
mod processes;
mod trap;

pub(crate) use alarm::Armed;
pub(crate) use engine::WASM_STACK_BYTES;
pub use info::{Import, ModuleInfo, TaskInfo};
pub(crate) use interrupt::Interrupt;
pub(crate) use module::Entry;
pub use module::TaskModule;
pub(crate) use processes::{Call, Fault, Initializer, Plan, Processes};

//! What can go wrong, one type per operation.

mod build;
mod load;
mod submit;
mod task;
mod unfinished;

pub use build::BuildError;
pub use load::LoadError;
pub use submit::{SubmitError, SubmitErrorKind};
pub(crate) use task::Place;
pub use task::{Failure, Frame, Panic, TaskError, TaskErrorKind, TrapKind};
pub use unfinished::Unfinished;

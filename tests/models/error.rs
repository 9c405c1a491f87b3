//! The library's errors, as far as tasks and queues have them.

#[path = "../../host/src/error/load.rs"]
mod load;
#[path = "../../host/src/error/submit.rs"]
mod submit;
#[path = "../../host/src/error/task.rs"]
mod task;
#[path = "../../host/src/error/unfinished.rs"]
mod unfinished;

pub(crate) use load::LoadError;
pub(crate) use submit::SubmitErrorKind;
pub(crate) use task::{Frame, TaskError, TaskErrorKind};
pub(crate) use unfinished::Unfinished;

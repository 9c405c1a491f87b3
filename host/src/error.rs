//! What can go wrong, one type per operation.

mod build;
mod call;
mod load;
mod map;
mod snapshot;
mod submit;
mod task;
mod unfinished;

pub use build::BuildError;
pub use call::CallError;
pub use load::LoadError;
pub use map::MapError;
pub use snapshot::SnapshotError;
pub use submit::{SubmitError, SubmitErrorKind};
pub(crate) use task::Place;
pub use task::{Failure, Frame, Panic, TaskError, TaskErrorKind, TrapKind};
pub use unfinished::Unfinished;

/// What is said where there is a limit and nothing that counts.
const NOT_METERED: &str = "there is a limit for fuel, but the module does not count it; load it with `TaskModule::builder(..).fuel_metering()`";

/// Returns the text, and after it those of the cause and its causes.
pub(crate) fn with_causes(mut text: String, cause: Option<&dyn std::error::Error>) -> String {
    for cause in std::iter::successors(cause, |cause| cause.source()) {
        text.push_str(": ");
        text.push_str(&cause.to_string());
    }
    text
}

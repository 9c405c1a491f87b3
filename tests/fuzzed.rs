//! What the fuzz targets do with an input, a function for each. They return where everything went as it
//! may, and panic where not.
//!
//! The targets in `tests/fuzz` call these with inputs that a fuzzer makes up; the test `fuzzed::` of the
//! normal suite calls them with inputs that were kept.

mod answer;
mod arguments;
mod generated;
mod guest;
mod load;
mod shapes;

pub use answer::answer;
pub use arguments::arguments;
pub use generated::generated;
pub use load::load;

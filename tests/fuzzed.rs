//! What fuzzing calls: each function takes any bytes, and has to come back.
//!
//! A panic, a crash or a hang is what is looked for. `tests/fuzz` has the targets, the inputs that they
//! start from and those that have once been found; the normal suite runs all of these.

mod answer;
mod arguments;
mod generated;
mod graft;
mod load;

pub use answer::answer;
pub use arguments::arguments;
pub use generated::generated;
pub use load::load;

use std::time::Duration;

use sandpool::{Limits, LoadLimits};

/// A target: its name, which is that of its folders, and what it calls.
pub type Target = (&'static str, fn(&[u8]));

/// All of them.
pub const TARGETS: [Target; 4] = [
    ("load", load),
    ("generated", generated),
    ("answer", answer),
    ("arguments", arguments),
];

/// Small modules only, so that there are many.
fn load_limits() -> LoadLimits {
    LoadLimits::new()
        .module_bytes(1 << 20)
        .functions(1_000)
        .compile_time(Duration::from_secs(10))
}

fn limits() -> Limits {
    Limits::new()
        .timeout(Duration::from_millis(20))
        .memory_bytes(4 << 20)
        .table_elements(1_000)
        .result_bytes(64 << 10)
        .argument_bytes(64 << 10)
}

//! What a guest may import, where its host grants it. A guest that imports nothing needs no grants.
//!
//! From the module [`MODULE`]:
//!
//! - [`CLOCK`]: `() -> i64`, the nanoseconds since the sandbox was made;
//! - [`RANDOM`]: `(ptr: i32, len: i32)`, fills so many bytes at `ptr` with random ones;
//! - [`LOG`]: `(level: i32, ptr: i32, len: i32)`, logs a line of text, with the number of a [`Level`];
//! - [`TAKE_REPLY`]: `(ptr: i32)`, see below.
//!
//! From the module [`HOST_MODULE`], functions that the host made up: `(ptr: i32, len: i32) -> i64`. Pointer
//! and length are those of the [encoded](crate::codec) arguments: `()` for none, the value for one, a
//! tuple for several. The host keeps the encoded reply and returns its length; the guest reserves so many
//! bytes and has the reply copied there with [`TAKE_REPLY`], before it calls the next function of the host.
//! So no call of a host's function ever comes back into the guest.

/// The module of the imports that every host knows.
pub const MODULE: &str = "sandpool";

/// The name of the clock.
pub const CLOCK: &str = "clock";

/// The name of the source of random bytes.
pub const RANDOM: &str = "random";

/// The name of the log.
pub const LOG: &str = "log";

/// The name of the function that takes the reply of a function of the host.
pub const TAKE_REPLY: &str = "take_reply";

/// The module of the functions that the host made up.
pub const HOST_MODULE: &str = "sandpool.host";

/// How much a line of the log matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u32)]
pub enum Level {
    /// Something failed.
    Error = 1,
    /// Something is odd.
    Warn = 2,
    /// Something happened.
    Info = 3,
    /// For who looks for an error.
    Debug = 4,
    /// For who looks for it closely.
    Trace = 5,
}

impl Level {
    /// Returns the level of this number, if there is one.
    #[must_use]
    pub const fn from_u32(number: u32) -> Option<Self> {
        match number {
            1 => Some(Self::Error),
            2 => Some(Self::Warn),
            3 => Some(Self::Info),
            4 => Some(Self::Debug),
            5 => Some(Self::Trace),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Level;

    #[test]
    fn a_level_is_known_by_its_number() {
        for level in [
            Level::Error,
            Level::Warn,
            Level::Info,
            Level::Debug,
            Level::Trace,
        ] {
            assert_eq!(Level::from_u32(level as u32), Some(level));
        }
        assert_eq!(Level::from_u32(0), None);
        assert_eq!(Level::from_u32(6), None);
    }
}

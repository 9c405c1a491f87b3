//! Lines for the host's log.
//!
//! ```
//! use sandpool_guest::{log, task};
//!
//! /// Counts the words.
//! #[task]
//! fn words(text: &str) -> usize {
//!     let words = text.split_whitespace().count();
//!     log::debug!("{words} words in {} bytes", text.len());
//!     words
//! }
//!
//! assert_eq!(words("one two"), 2);
//! ```
//!
//! A module that logs is loaded by hosts that grant the log (`Grants::log`). Natively lines go to stderr.

use std::fmt;

pub use sandpool_abi::imports::Level;

#[doc(inline)]
pub use crate::{
    __log_debug as debug, __log_error as error, __log_info as info, __log_trace as trace,
    __log_warn as warn,
};

/// Logs a line at this level: what the macros do.
///
/// ```
/// use sandpool_guest::log::{self, Level};
///
/// log::write(Level::Info, format_args!("{} of {}", 1, 2));
/// ```
pub fn write(level: Level, line: fmt::Arguments<'_>) {
    #[cfg(target_family = "wasm")]
    match line.as_str() {
        Some(line) => crate::imports::write_line(level, line),
        None => crate::imports::write_line(level, &line.to_string()),
    }
    #[cfg(not(target_family = "wasm"))]
    eprintln!("{level:?}: {line}");
}

/// Logs that something failed. Takes what `format!` takes.
#[doc(hidden)]
#[macro_export]
macro_rules! __log_error {
    ($($line:tt)+) => {
        $crate::log::write($crate::log::Level::Error, ::std::format_args!($($line)+))
    };
}

/// Logs that something is odd. Takes what `format!` takes.
#[doc(hidden)]
#[macro_export]
macro_rules! __log_warn {
    ($($line:tt)+) => {
        $crate::log::write($crate::log::Level::Warn, ::std::format_args!($($line)+))
    };
}

/// Logs that something happened. Takes what `format!` takes.
#[doc(hidden)]
#[macro_export]
macro_rules! __log_info {
    ($($line:tt)+) => {
        $crate::log::write($crate::log::Level::Info, ::std::format_args!($($line)+))
    };
}

/// Logs for who looks for an error. Takes what `format!` takes.
#[doc(hidden)]
#[macro_export]
macro_rules! __log_debug {
    ($($line:tt)+) => {
        $crate::log::write($crate::log::Level::Debug, ::std::format_args!($($line)+))
    };
}

/// Logs for who looks for an error closely. Takes what `format!` takes.
#[doc(hidden)]
#[macro_export]
macro_rules! __log_trace {
    ($($line:tt)+) => {
        $crate::log::write($crate::log::Level::Trace, ::std::format_args!($($line)+))
    };
}

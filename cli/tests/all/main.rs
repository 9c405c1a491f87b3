//! The command as its users see it: arguments in, text and exit codes out.

mod bad_files;
mod bench;
mod command;
mod grants;
mod inspect;
#[cfg(unix)]
mod interrupt;
mod map;
mod new;
mod run;
mod snapshot;
mod usage;

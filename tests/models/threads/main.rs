//! The library's sources on the threads of the operating system: small tests for miri, which watches
//! every access to memory, and `sync` is the library's own.

#![allow(
    dead_code,
    unused_imports,
    unreachable_pub,
    clippy::wildcard_imports,
    reason = "a part of the library, without its users"
)]

#[path = "../host.rs"]
mod host;
mod maps;
mod pools;
mod scopes;
#[path = "../../../host/src/sync.rs"]
mod sync;
mod tasks;
mod waiting;

use host::*;

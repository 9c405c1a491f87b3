//! Write functions that run in a sandboxed process.
//!
//! ```
//! use sandpool_guest::{Schema, task};
//! use serde::{Deserialize, Serialize};
//!
//! /// Sums the square roots below `n`.
//! #[task]
//! pub fn heavy_compute(n: u64) -> f64 {
//!     (0..n).map(|i| (i as f64).sqrt()).sum()
//! }
//!
//! #[derive(Serialize, Deserialize, Schema)]
//! pub struct Order {
//!     pub price: f64,
//!     pub count: u32,
//! }
//!
//! /// Adds up what the orders cost.
//! #[task]
//! pub fn total(orders: &[Order], rate: f64) -> Result<f64, String> {
//!     if rate.is_nan() {
//!         return Err("the rate is not a number".to_owned());
//!     }
//!     Ok(orders.iter().map(|order| order.price * f64::from(order.count) * rate).sum())
//! }
//!
//! // A task is still a function: call it and test it like one.
//! assert_eq!(heavy_compute(2), 1.0);
//! assert_eq!(total(&[Order { price: 2.5, count: 4 }], 1.0), Ok(10.0));
//! ```
//!
//! # From a crate of tasks to a module
//!
//! A build script of two lines compiles the crate to wasm32 (see `sandpool-build`), and [`module!`]
//! hands the result on as the constant `MODULE`. Compiled natively, the crate is what host programs
//! depend on: it has the tasks' types, and the module.
//!
//! # What a task may look like
//!
//! | | |
//! |---|---|
//! | parameters | none to 16; any type with serde's traits; `&str`, `&[T]`, `&T` are served from the caller's `String`, `Vec<T>`, `T` |
//! | result | any type with serde's traits, or a `Result` of one |
//! | error | any `std::error::Error`, `anyhow::Error`, `Box<dyn Error>`, or anything with `Display`; the host gets its text and that of all causes |
//! | not | `async`, `unsafe`, generic, methods with `self`, `&mut`, borrows inside other types, borrowed results |
//!
//! Arguments and results are encoded with a format that carries no names. Types whose serde
//! attributes need names (`flatten`, `untagged`, `tag`) or leave fields out
//! (`skip_serializing_if`) do not survive it; [`derive(Schema)`](macro@Schema) refuses them while
//! compiling. All-scalar tasks (numbers, `bool`, `char`) are called with no encoding at all. Bytes, and lists of
//! numbers that are written as such (`&[f64]`, `Vec<u32>`; not of `usize`, not inside other types, not by another name),
//! are copied as a whole.
//!
//! # In the sandbox
//!
//! There are no files, no network, no environment, no threads, and no clock: the parts of `std` that
//! need them return an error or panic. A panic ends the call: the host's handle gets its message and
//! its place, and the next call gets new memory. Nothing that a task writes to a `static` is seen by
//! another call.
//!
//! What a host can grant: [`clock`], [`random`], [`log`], and functions of its own, with
//! [`host_functions!`]. A module that uses one of them is loaded by hosts that grant it, and refused by others.
//!
//! # Features
//!
//! - `json` (default): lets hosts call the tasks by name with JSON.
//! - `allocator` (default): a module for `wasm32-unknown-unknown` allocates with `talc`, from memory that a new
//!   sandbox has from its beginning: 128 KiB, or what `sandpool_build::Build::heap_bytes` says. What does not
//!   fit grows the memory. Switch it off to use a `#[global_allocator]` of your own.

#[cfg(all(target_family = "wasm", target_os = "unknown", feature = "allocator"))]
mod allocator;
// Also for miri, which has other targets with pointers of 32 bits.
#[cfg(any(target_family = "wasm", miri))]
mod buffers;
#[cfg(any(target_family = "wasm", miri))]
mod call;
pub mod clock;
#[doc(hidden)]
pub mod failure;
mod host;
#[cfg(target_family = "wasm")]
mod imports;
pub mod log;
#[cfg(any(target_family = "wasm", miri))]
mod panic_hook;
pub mod random;

/// Describes a type: the signatures of tasks spell it out, hosts compare it before they call, and
/// `sandpool inspect` shows it.
///
/// A type without it works as an argument or result all the same; it is then known by its name only.
/// Honours serde's `rename`, `rename_all`, `skip` and `transparent`; attributes that the encoding
/// cannot serve are compile errors. A type that contains itself cannot have a schema.
pub use sandpool_macros::Schema;

/// Makes a function a task.
///
/// The function's name becomes a value that a `ProcessPool` takes (`pool.submit(heavy_compute, 10)`)
/// and that still calls like the function it was (`heavy_compute(10)`); where a function is to be
/// passed on, it is `*heavy_compute`. Its doc comment, signature
/// and schemas go into the module. The name is that of a unit struct, so in its scope it cannot be a
/// variable's, a module's or another type's too.
/// See the [crate's documentation](crate) for what a task may look like.
pub use sandpool_macros::task;

pub use sandpool_abi::Task;
pub use sandpool_abi::schema::Schema;

/// Defines `MODULE`: this crate's tasks, compiled to wasm32 by its build script.
///
/// ```text
/// // build.rs
/// fn main() {
///     sandpool_build::compile();
/// }
///
/// // src/lib.rs
/// sandpool_guest::module!();
/// ```
#[macro_export]
macro_rules! module {
    () => {
        /// The tasks of this crate, compiled to wasm32.
        #[cfg(not(target_family = "wasm"))]
        pub const MODULE: &[u8] = include_bytes!(env!(
            "SANDPOOL_MODULE",
            "no module was built: the crate needs a build.rs that calls `sandpool_build::compile()`"
        ));
    };
}

/// For the code that `#[task]` writes.
#[doc(hidden)]
pub mod __private {
    pub use crate::failure;
    #[cfg(not(target_family = "wasm"))]
    pub use crate::host::NoHost;
    pub use crate::host::call_host;
    #[cfg(target_family = "wasm")]
    pub use crate::imports::HostFunction;
    pub use sandpool_abi::{self as abi, Failure, codec, schema};

    /// Asks for what a value needs to go to a task and back.
    pub const fn travels<T: serde::Serialize + serde::de::DeserializeOwned>() {}

    #[cfg(any(target_family = "wasm", miri))]
    pub use crate::call::{bad_arguments, call, enter, json, postcard, scalar};
}

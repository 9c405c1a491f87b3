//! The reference tasks: small examples of what a function for the sandbox looks like.
//!
//! Each file below is a subject of its own and can be read alone. A host program takes the tasks
//! from here by name, and the module that runs them as `MODULE`.
//!
//! | task | takes | returns | shows |
//! |---|---|---|---|
//! | [`heavy_compute`] | a number | a number | a call without any encoding |
//! | [`primes_below`] | a number | a number | memory that grows with the argument |
//! | [`word_frequencies`] | text | structs | a result with a [`Schema`](sandpool_guest::Schema) |
//! | [`blur_png`] | bytes | bytes, or an error | hostile input, and a large dependency |
//! | [`unpack`] | bytes | lists of bytes | a parser with a bug |
//! | [`summarize_orders`] | JSON lines | nested structs, or an error | errors with causes |

mod compute;
mod images;
mod orders;
mod primes;
mod records;
mod words;

pub use compute::heavy_compute;
pub use images::blur_png;
pub use orders::{CustomerTotal, SkuTotal, Summary, summarize_orders};
pub use primes::primes_below;
pub use records::unpack;
pub use words::{WordCount, word_frequencies};

sandpool_guest::module!();

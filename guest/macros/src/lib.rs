//! The macros of `sandpool-guest`, which re-exports and documents them. Entry points only.

#![forbid(unsafe_code)]

mod expand;
mod exports;
mod schema;
mod signature;

use proc_macro::TokenStream;
use syn::parse_macro_input;

/// Makes a function a task: a host can run it in a sandboxed process, and it still calls like the
/// function it was.
///
/// See the documentation of `sandpool_guest`.
#[proc_macro_attribute]
pub fn task(arguments: TokenStream, item: TokenStream) -> TokenStream {
    let function = parse_macro_input!(item as syn::ItemFn);
    signature::Signature::of(&function, arguments.into())
        .map_or_else(syn::Error::into_compile_error, |signature| {
            expand::task(function, &signature)
        })
        .into()
}

/// Describes a type, so that the signatures of tasks spell it out and hosts compare it.
///
/// See the documentation of `sandpool_guest`.
#[proc_macro_derive(Schema, attributes(serde))]
pub fn schema(item: TokenStream) -> TokenStream {
    let input = parse_macro_input!(item as syn::DeriveInput);
    schema::derive(&input)
        .unwrap_or_else(syn::Error::into_compile_error)
        .into()
}

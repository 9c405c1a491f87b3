//! What `#[task]` writes for the wasm module: the record and the exports.

use proc_macro2::TokenStream;
use quote::{format_ident, quote};
use syn::{Ident, Type};

use crate::expand::plain;
use crate::signature::{Form, Parameter, SCALAR_SLOTS, Signature, is_byte_vec, numbers_of};

/// What exists in the wasm module only: the record and the exports.
pub(crate) fn of(name: &Ident, signature: &Signature) -> TokenStream {
    let export = format!("sandpool.task.{}", plain(name));
    let postcard = answer(signature, "postcard", |parameter, value| {
        match &parameter.form {
            Form::Owned(ty) => (quote!(#ty), quote!(#value)),
            Form::OwnedBytes => (
                quote!(::sandpool_guest::__private::codec::ByteBuf),
                quote!(#value.into_vec()),
            ),
            Form::Str => (quote!(&str), quote!(#value)),
            Form::Bytes => (
                quote!(&::sandpool_guest::__private::codec::Bytes),
                quote!(#value),
            ),
            Form::OwnedNumbers(element) => (
                quote!(::sandpool_guest::__private::codec::NumberList<'_, #element>),
                quote!(#value.into_vec()),
            ),
            Form::Numbers(element) => (
                quote!(::sandpool_guest::__private::codec::NumberList<'_, #element>),
                quote!(&#value),
            ),
            Form::Slice(_) | Form::Borrowed(_) => (parameter.form.owned(), quote!(&#value)),
        }
    });
    let json = answer(signature, "json", |parameter, value| {
        let pass = match &parameter.form {
            Form::Owned(_) | Form::OwnedBytes | Form::OwnedNumbers(_) => quote!(#value),
            Form::Str | Form::Bytes | Form::Numbers(_) | Form::Slice(_) | Form::Borrowed(_) => {
                quote!(&#value)
            }
        };
        (parameter.form.owned(), pass)
    });
    let scalar = signature.is_scalar().then(|| scalar(name, signature));
    quote! {
        #[cfg(target_family = "wasm")]
        const _: () = {
            const __SANDPOOL_RECORD: ::sandpool_guest::__private::abi::Record =
                <#name as ::sandpool_guest::__private::abi::Task>::RECORD;
            const __SANDPOOL_LEN: usize = __SANDPOOL_RECORD.len_bytes();
            #[unsafe(link_section = "sandpool.tasks")]
            static __SANDPOOL_BYTES: [u8; __SANDPOOL_LEN] = __SANDPOOL_RECORD.to_bytes();

            #[unsafe(export_name = #export)]
            extern "C" fn __sandpool_call(
                __sandpool_encoding: u32,
                __sandpool_ptr: u32,
                __sandpool_len: u32,
            ) -> u64 {
                ::sandpool_guest::__private::call(
                    __sandpool_encoding,
                    __sandpool_ptr,
                    __sandpool_len,
                    |__sandpool_bytes| #postcard,
                    |__sandpool_bytes| #json,
                )
            }

            #scalar
        };
    }
}

/// Decodes `bytes`, calls the function and encodes what it returns.
fn answer(
    signature: &Signature,
    encoding: &str,
    parameter: impl Fn(&Parameter, &Ident) -> (TokenStream, TokenStream),
) -> TokenStream {
    let encoding = format_ident!("{encoding}");
    let values: Vec<Ident> = (0..signature.parameters.len())
        .map(|index| format_ident!("__sandpool_value{index}"))
        .collect();
    let (types, passed): (Vec<_>, Vec<_>) = signature
        .parameters
        .iter()
        .zip(&values)
        .map(|(one, value)| parameter(one, value))
        .unzip();
    // One parameter stands for itself in JSON; in postcard a tuple of one is the same as the one.
    let (ty, pattern) = match (&types[..], &values[..]) {
        ([ty], [value]) => (quote!(#ty), quote!(#value)),
        _ => (quote!((#(#types),*)), quote!((#(#values),*))),
    };
    let result = quote!(__sandpool_outcome(#(#passed),*));
    let answer = match numbers_of(&signature.output) {
        Some(_) => quote!(answer_numbers),
        None if is_byte_vec(&signature.output) => quote!(answer_bytes),
        None => quote!(answer),
    };
    quote! {
        match ::sandpool_guest::__private::#encoding::decode::<#ty>(__sandpool_bytes) {
            ::std::result::Result::Ok(#pattern) => ::sandpool_guest::__private::#encoding::#answer(#result),
            ::std::result::Result::Err(__sandpool_error) => {
                ::sandpool_guest::__private::bad_arguments(&__sandpool_error)
            }
        }
    }
}

fn scalar(name: &Ident, signature: &Signature) -> TokenStream {
    let export = format!("sandpool.scalar.{}", plain(name));
    let count = signature.parameters.len();
    let slots: Vec<Ident> = (0..SCALAR_SLOTS)
        .map(|index| match index < count {
            true => format_ident!("__sandpool_slot{index}"),
            false => format_ident!("_sandpool_slot{index}"),
        })
        .collect();
    let values = signature
        .parameters
        .iter()
        .zip(&slots)
        .map(|(parameter, slot)| {
            let ty: TokenStream = parameter.form.owned();
            quote!(::sandpool_guest::__private::scalar::<#ty>(#slot))
        });
    let output: &Type = &signature.output;
    quote! {
        const _: () = assert!(::sandpool_guest::__private::abi::SCALAR_SLOTS == #SCALAR_SLOTS);

        #[unsafe(export_name = #export)]
        extern "C" fn __sandpool_scalar(#(#slots: u64),*) -> u64 {
            ::sandpool_guest::__private::enter();
            <#output as ::sandpool_guest::__private::abi::Scalar>::into_slot(#name(#(#values),*))
        }
    }
}

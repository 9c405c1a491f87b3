//! The code that `#[task]` writes, but for what only the module has.

use proc_macro2::TokenStream;
use quote::{ToTokens, format_ident, quote, quote_spanned};
use syn::spanned::Spanned;
use syn::{Attribute, Ident, ItemFn};

use crate::exports;
use crate::signature::{Form, Parameter, SCALAR_SLOTS, Signature, is_byte_vec, numbers_of};

pub(crate) fn task(mut function: ItemFn, signature: &Signature) -> TokenStream {
    let name = function.sig.ident.clone();
    let visibility = std::mem::replace(&mut function.vis, syn::Visibility::Inherited);
    let conditions = take(&mut function, &["cfg"]);
    let documentation = take(&mut function, &["doc", "deprecated"]);
    // rustdoc shows a struct, which has no signature. Without a doc comment there is nothing to add
    // to, and `missing_docs` should say so.
    let shape = format!(
        "\n\nSignature: `{}`",
        written(&function.sig.to_token_stream())
    );
    let shape = (!documentation.is_empty()).then(|| quote!(#[doc = #shape]));

    let pointer = pointer(&function);
    let args = args(&signature.parameters);
    let output = &signature.output;
    let record = record(&name, signature);
    let encode = encode(signature);
    let decode = decode(signature);
    let travels = travels(signature);
    let outcome = outcome(&function, signature);
    let guest = exports::of(&name, signature);
    quote! {
        #(#conditions)*
        #(#documentation)*
        #shape
        #[allow(non_camel_case_types, reason = "stands for a function")]
        #[derive(Clone, Copy, Debug)]
        #visibility struct #name;

        #(#conditions)*
        #[allow(deprecated, reason = "the task itself may be")]
        const _: () = {
            #travels

            #function

            impl ::std::ops::Deref for #name {
                type Target = #pointer;
                fn deref(&self) -> &Self::Target {
                    const __SANDPOOL_FUNCTION: &#pointer = &(#name as #pointer);
                    __SANDPOOL_FUNCTION
                }
            }

            impl ::sandpool_guest::__private::abi::Task for #name {
                type Args = #args;
                type Output = #output;
                const RECORD: ::sandpool_guest::__private::abi::Record = #record;

                #[inline]
                fn encode(
                    __sandpool_args: &Self::Args,
                ) -> ::std::result::Result<::sandpool_guest::__private::abi::Arguments<'_>, ::sandpool_guest::__private::codec::CodecError> {
                    #encode
                }

                #[inline]
                fn decode(
                    __sandpool_reply: ::sandpool_guest::__private::abi::Reply<'_>,
                ) -> ::std::result::Result<Self::Output, ::sandpool_guest::__private::codec::CodecError> {
                    #decode
                }
            }

            #outcome

            #guest
        };
    }
}

/// Removes the function's attributes of these names and returns them.
fn take(function: &mut ItemFn, names: &[&str]) -> Vec<Attribute> {
    function
        .attrs
        .extract_if(.., |attribute| {
            names.iter().any(|name| attribute.path().is_ident(name))
        })
        .collect()
}

/// The type `fn(A, B) -> C` of the function.
fn pointer(function: &ItemFn) -> TokenStream {
    let types = types(function);
    let output = &function.sig.output;
    quote!(fn(#(#types),*) #output)
}

/// The types of the parameters, as written.
fn types(function: &ItemFn) -> Vec<TokenStream> {
    let inputs = function.sig.inputs.iter();
    inputs
        .map(|input| match input {
            syn::FnArg::Typed(typed) => typed.ty.to_token_stream(),
            syn::FnArg::Receiver(receiver) => receiver.to_token_stream(),
        })
        .collect()
}

/// The type of the arguments as a host gives them.
fn args(parameters: &[Parameter]) -> TokenStream {
    let types = parameters.iter().map(|parameter| parameter.form.owned());
    match parameters {
        [one] => one.form.owned(),
        _ => quote!((#(#types),*)),
    }
}

fn record(name: &Ident, signature: &Signature) -> TokenStream {
    let name = plain(name);
    let doc = &signature.doc;
    let scalar = signature.is_scalar();
    let parameters = signature.parameters.iter().map(|parameter| {
        let name = &parameter.name;
        let schema = match &parameter.form {
            Form::OwnedNumbers(number) | Form::Numbers(number) => schema_of_numbers(number),
            form => schema_of(&form.owned()),
        };
        quote!((#name, #schema))
    });
    let output = match numbers_of(&signature.output) {
        Some(number) => schema_of_numbers(number),
        None => schema_of(&signature.output.to_token_stream()),
    };
    quote! {
        ::sandpool_guest::__private::abi::Record {
            name: #name,
            doc: #doc,
            parameters: &[#(#parameters),*],
            output: #output,
            scalar: #scalar,
        }
    }
}

/// The schema of a list of numbers that travels as its bytes.
fn schema_of_numbers(number: &syn::Type) -> TokenStream {
    quote! {
        &::sandpool_guest::__private::schema::Type::Numbers(
            <#number as ::sandpool_guest::__private::schema::Schema>::TYPE,
        )
    }
}

/// The type's schema: its structure if it has one, else its name as written here.
pub(crate) fn schema_of(ty: &TokenStream) -> TokenStream {
    let text = written(ty);
    quote! {{
        #[allow(unused_imports, reason = "needed for types without a schema only")]
        use ::sandpool_guest::__private::schema::Undescribed as _;
        match ::sandpool_guest::__private::schema::Probe::<#ty>::TYPE {
            ::std::option::Option::Some(__sandpool_type) => __sandpool_type,
            ::std::option::Option::None => {
                &::sandpool_guest::__private::schema::Type::Named(#text)
            }
        }
    }}
}

/// The type in Rust's usual spacing; tokens come with a blank between any two.
fn written(ty: &TokenStream) -> String {
    let mut text = String::new();
    for token in ty.to_string().split_whitespace() {
        let tight = matches!(token, "<" | ">" | "::" | "," | ";" | ")" | "]");
        if !(text.is_empty() || tight || text.ends_with(['<', ':', '(', '[', '&'])) {
            text.push(' ');
        }
        text.push_str(token);
    }
    text
}

fn encode(signature: &Signature) -> TokenStream {
    let count = signature.parameters.len();
    let places: Vec<TokenStream> = (0..count)
        .map(|index| match count {
            1 => quote!(*__sandpool_args),
            _ => {
                let index = syn::Index::from(index);
                quote!(__sandpool_args.#index)
            }
        })
        .collect();
    if signature.is_scalar() {
        let mut slots: Vec<TokenStream> = places
            .iter()
            .map(|place| quote!(::sandpool_guest::__private::abi::Scalar::into_slot(#place)))
            .collect();
        slots.resize(SCALAR_SLOTS, quote!(0));
        return quote! {
            let _ = __sandpool_args;
            ::std::result::Result::Ok(::sandpool_guest::__private::abi::Arguments::Scalars([#(#slots),*]))
        };
    }
    if let [one] = &signature.parameters[..] {
        let bytes = match &one.form {
            Form::OwnedBytes | Form::Bytes => {
                Some(quote!(::std::borrow::Cow::Borrowed(__sandpool_args)))
            }
            Form::Str => Some(quote!(::std::borrow::Cow::Borrowed(
                __sandpool_args.as_bytes()
            ))),
            Form::OwnedNumbers(_) | Form::Numbers(_) => Some(quote!(
                ::sandpool_guest::__private::codec::number_bytes(__sandpool_args)
            )),
            Form::Owned(_) | Form::Slice(_) | Form::Borrowed(_) => None,
        };
        if let Some(bytes) = bytes {
            return quote! {
                ::std::result::Result::Ok(::sandpool_guest::__private::abi::Arguments::Bytes(#bytes))
            };
        }
    }
    let is_bytes = |parameter: &Parameter| {
        !matches!(
            parameter.form,
            Form::Owned(_) | Form::Slice(_) | Form::Borrowed(_)
        )
    };
    if signature.parameters.iter().any(is_bytes) {
        return encode_pieces(&places, &signature.parameters);
    }
    let values = places.iter().map(|place| quote!(&#place));
    quote! {
        let _ = __sandpool_args;
        let __sandpool_bytes = ::sandpool_guest::__private::codec::encode(&(#(#values,)*))?;
        ::std::result::Result::Ok(::sandpool_guest::__private::abi::Arguments::Encoded(
            ::sandpool_guest::__private::abi::Encoding::Postcard,
            ::std::borrow::Cow::Owned(__sandpool_bytes),
        ))
    }
}

/// Encodes arguments of which some are bytes, text or numbers.
fn encode_pieces(places: &[TokenStream], parameters: &[Parameter]) -> TokenStream {
    let appended = places.iter().zip(parameters).map(|(place, parameter)| {
        let bytes = match &parameter.form {
            Form::OwnedBytes | Form::Bytes => quote!(::std::borrow::Cow::Borrowed(&#place)),
            Form::Str => quote!(::std::borrow::Cow::Borrowed(#place.as_bytes())),
            Form::OwnedNumbers(_) | Form::Numbers(_) => {
                quote!(::sandpool_guest::__private::codec::number_bytes(&#place))
            }
            Form::Owned(_) | Form::Slice(_) | Form::Borrowed(_) => {
                return quote!(__sandpool_pieces.value(&#place)?;);
            }
        };
        quote!(__sandpool_pieces.bytes(#bytes);)
    });
    quote! {
        let mut __sandpool_pieces = ::sandpool_guest::__private::abi::Pieces::default();
        #(#appended)*
        ::std::result::Result::Ok(::sandpool_guest::__private::abi::Arguments::Pieces(__sandpool_pieces))
    }
}

fn decode(signature: &Signature) -> TokenStream {
    let output = &signature.output;
    if let Some(element) = numbers_of(output) {
        return quote!(
            __sandpool_reply.bytes().and_then(::sandpool_guest::__private::codec::to_numbers::<#element>)
        );
    }
    if is_byte_vec(output) {
        return quote!(__sandpool_reply.bytes().map(<[u8]>::to_vec));
    }
    let encoded = quote!(
        __sandpool_reply.encoded().and_then(::sandpool_guest::__private::codec::decode::<#output>)
    );
    if !signature.is_scalar() {
        return encoded;
    }
    quote! {
        match __sandpool_reply {
            ::sandpool_guest::__private::abi::Reply::Scalar(__sandpool_slot) => {
                <#output as ::sandpool_guest::__private::abi::Scalar>::from_slot(__sandpool_slot)
                    .ok_or_else(|| ::sandpool_guest::__private::codec::CodecError::new("the result is out of its type's range"))
            }
            _ => #encoded,
        }
    }
}

/// Asks for serde's traits at the types that need them.
fn travels(signature: &Signature) -> TokenStream {
    let parameters = signature
        .parameters
        .iter()
        .map(|parameter| parameter.form.owned());
    let types = parameters.chain([signature.output.to_token_stream()]);
    let asks =
        types.map(|ty| quote_spanned!(ty.span()=> ::sandpool_guest::__private::travels::<#ty>();));
    quote! {
        const _: fn() = || { #(#asks)* };
    }
}

/// Calls the function and makes its error one that travels. Compiled natively, too, so that an error
/// that cannot travel is seen there.
fn outcome(function: &ItemFn, signature: &Signature) -> TokenStream {
    let name = &function.sig.ident;
    let output = &signature.output;
    let types = types(function);
    let values: Vec<Ident> = (0..types.len())
        .map(|index| format_ident!("__sandpool_value{index}"))
        .collect();
    let result = if signature.fallible {
        let error_at = match &function.sig.output {
            syn::ReturnType::Type(_, ty) => ty.span(),
            syn::ReturnType::Default => name.span(),
        };
        let failure = quote_spanned! {error_at=>
            (&&&&::sandpool_guest::__private::failure::Caught(__sandpool_error)).failure()
        };
        quote! {
            #name(#(#values),*).map_err(|__sandpool_error| {
                #[allow(unused_imports, reason = "which one is needed depends on the error")]
                use ::sandpool_guest::__private::failure::{OfDisplay as _, OfError as _, OfSendableError as _, OfStandard as _};
                #failure
            })
        }
    } else {
        quote!(::std::result::Result::Ok(#name(#(#values),*)))
    };
    quote! {
        #[cfg_attr(not(target_family = "wasm"), allow(dead_code, reason = "called in the sandbox"))]
        #[inline(always)]
        fn __sandpool_outcome(#(#values: #types),*) -> ::std::result::Result<#output, ::sandpool_guest::__private::Failure> {
            #result
        }
    }
}

pub(crate) fn plain(name: &Ident) -> String {
    name.to_string().trim_start_matches("r#").to_owned()
}

//! What a task's signature asks for, and which signatures cannot be served.

use proc_macro2::{Span, TokenStream};
use quote::{ToTokens, quote};
use syn::spanned::Spanned;
use syn::visit::Visit;
use syn::{Error, FnArg, GenericArgument, ItemFn, Pat, PathArguments, ReturnType, Type};

/// How many parameters a task may have; serde serves tuples up to 16.
const MAX_PARAMETERS: usize = 16;

/// The types that cross the boundary without an encoding, by the names under which they are known.
const SCALARS: [&str; 14] = [
    "u8", "u16", "u32", "u64", "usize", "i8", "i16", "i32", "i64", "isize", "f32", "f64", "bool",
    "char",
];

/// The same as `sandpool_abi::SCALAR_SLOTS`; asserted in the generated code.
pub(crate) const SCALAR_SLOTS: usize = 4;

pub(crate) struct Signature {
    pub(crate) parameters: Vec<Parameter>,
    /// The type of the value: of `Ok`, where the function returns a `Result`.
    pub(crate) output: Type,
    pub(crate) fallible: bool,
    pub(crate) doc: String,
}

pub(crate) struct Parameter {
    pub(crate) name: String,
    pub(crate) form: Form,
}

/// How a parameter takes its value.
pub(crate) enum Form {
    /// `T`.
    Owned(Type),
    /// `Vec<u8>`.
    OwnedBytes,
    /// `&str`.
    Str,
    /// `&[u8]`.
    Bytes,
    /// `Vec<T>`, with `T`, a number.
    OwnedNumbers(Type),
    /// `&[T]`, with `T`, a number.
    Numbers(Type),
    /// `&[T]`, with `T`.
    Slice(Type),
    /// `&T`, with `T`.
    Borrowed(Type),
}

impl Signature {
    pub(crate) fn of(function: &ItemFn, arguments: TokenStream) -> syn::Result<Self> {
        if !arguments.is_empty() {
            return Err(Error::new_spanned(
                arguments,
                "`#[task]` takes no arguments",
            ));
        }
        let signature = &function.sig;
        refuse(
            signature.asyncness.as_ref(),
            "a task cannot be async: nothing in a sandbox would poll it; remove `async`",
        )?;
        if !matches!(signature.safety, syn::Safety::Default) {
            return Err(Error::new_spanned(
                &signature.safety,
                "a task cannot be unsafe: its caller is another memory; remove `unsafe`",
            ));
        }
        refuse(
            signature.abi.as_ref(),
            "a task is a plain Rust function: `#[task]` writes the exported one; remove the ABI",
        )?;
        refuse(
            signature.variadic.as_ref(),
            "a task takes a fixed number of parameters",
        )?;
        refuse(
            signature.generics.params.first(),
            "a task cannot be generic: it is compiled once, before its caller is known; write a task for each type",
        )?;
        refuse(
            signature.generics.where_clause.as_ref(),
            "a task cannot have a where clause",
        )?;
        if let Some(extra) = signature.inputs.iter().nth(MAX_PARAMETERS) {
            return Err(Error::new_spanned(
                extra,
                "a task takes at most 16 parameters; put them in a struct",
            ));
        }
        let (output, fallible) = output(&signature.output)?;
        Ok(Self {
            parameters: signature
                .inputs
                .iter()
                .enumerate()
                .map(|(index, input)| parameter(index, input))
                .collect::<syn::Result<_>>()?,
            output,
            fallible,
            doc: doc(&function.attrs),
        })
    }

    /// Whether the task can be called with scalars alone.
    pub(crate) fn is_scalar(&self) -> bool {
        let parameter_is = |parameter: &Parameter| match &parameter.form {
            Form::Owned(ty) => is_scalar(ty),
            _ => false,
        };
        let unit = matches!(&self.output, Type::Tuple(tuple) if tuple.elems.is_empty());
        !self.fallible
            && self.parameters.len() <= SCALAR_SLOTS
            && (unit || is_scalar(&self.output))
            && self.parameters.iter().all(parameter_is)
    }
}

impl Form {
    /// The type that a host gives for this parameter.
    pub(crate) fn owned(&self) -> TokenStream {
        match self {
            Self::Owned(ty) | Self::Borrowed(ty) => ty.to_token_stream(),
            Self::Str => quote!(::std::string::String),
            Self::OwnedBytes | Self::Bytes => quote!(::std::vec::Vec<u8>),
            Self::Slice(element) | Self::OwnedNumbers(element) | Self::Numbers(element) => {
                quote!(::std::vec::Vec<#element>)
            }
        }
    }
}

/// Lists of these are copied, as `codec::Number` says, and not encoded element by element. Not those whose size
/// the host and the guest do not agree on.
const NUMBERS: [&str; 9] = ["i8", "u16", "i16", "u32", "i32", "u64", "i64", "f32", "f64"];

/// Whether `ty` is `Vec<u8>`, which is copied and not encoded element by element.
pub(crate) fn is_byte_vec(ty: &Type) -> bool {
    vec_element(ty).is_some_and(|element| is_named(element, "u8"))
}

/// The type of the numbers that `ty` is a `Vec` of, if it is.
pub(crate) fn numbers_of(ty: &Type) -> Option<&Type> {
    vec_element(ty).filter(|element| is_number(element))
}

fn is_number(ty: &Type) -> bool {
    NUMBERS.iter().any(|name| is_named(ty, name))
}

/// The type of the elements, where `ty` is a `Vec`.
fn vec_element(ty: &Type) -> Option<&Type> {
    let segment = last_segment(ty).filter(|segment| segment.ident == "Vec")?;
    match &segment.arguments {
        // One argument: `heapless::Vec<u8, N>` is another.
        PathArguments::AngleBracketed(arguments) if arguments.args.len() == 1 => {
            first_type_argument(&segment.arguments)
        }
        _ => None,
    }
}

fn refuse(token: Option<&impl ToTokens>, message: &str) -> syn::Result<()> {
    token.map_or(Ok(()), |token| Err(Error::new_spanned(token, message)))
}

fn parameter(index: usize, input: &FnArg) -> syn::Result<Parameter> {
    let typed = match input {
        FnArg::Receiver(receiver) => {
            return Err(Error::new_spanned(
                receiver,
                "a task cannot have `self`: there is no object in the sandbox; make it a free function that takes the value as a parameter",
            ));
        }
        FnArg::Typed(typed) => typed,
    };
    let name = match &*typed.pat {
        Pat::Ident(name) => name.ident.to_string().trim_start_matches("r#").to_owned(),
        _ => format!("argument{index}"),
    };
    let ty = bare(&typed.ty);
    let Type::Reference(reference) = ty else {
        refuse_borrows(ty)?;
        let form = match numbers_of(ty) {
            Some(element) => Form::OwnedNumbers(element.clone()),
            None if is_byte_vec(ty) => Form::OwnedBytes,
            None => Form::Owned(ty.clone()),
        };
        return Ok(Parameter { name, form });
    };
    refuse(
        reference.mutability.as_ref(),
        "a task cannot change its caller's value: that is in another memory; take it by value and return the new one",
    )?;
    refuse(
        reference.lifetime.as_ref(),
        "a task cannot name a lifetime: its arguments live as long as the call; write a plain `&`",
    )?;
    let form = match bare(&reference.elem) {
        target if is_named(target, "str") => Form::Str,
        Type::Slice(slice) if is_named(&slice.elem, "u8") => Form::Bytes,
        Type::Slice(slice) if is_number(&slice.elem) => Form::Numbers((*slice.elem).clone()),
        Type::Slice(slice) => {
            refuse_borrows(&slice.elem)?;
            Form::Slice((*slice.elem).clone())
        }
        target => {
            refuse_borrows(target)?;
            Form::Borrowed(target.clone())
        }
    };
    Ok(Parameter { name, form })
}

/// The type without the group that a macro puts around its arguments, and without parentheses.
fn bare(ty: &Type) -> &Type {
    match ty {
        Type::Group(group) => bare(&group.elem),
        Type::Paren(paren) => bare(&paren.elem),
        _ => ty,
    }
}

fn output(output: &ReturnType) -> syn::Result<(Type, bool)> {
    let ty = match output {
        ReturnType::Default => return Ok((syn::parse_quote!(()), false)),
        ReturnType::Type(_, ty) => bare(ty),
    };
    if let Type::Never(never) = ty {
        return Err(Error::new_spanned(
            never,
            "a task that never returns has no result to wait for",
        ));
    }
    refuse_borrows(ty)?;
    let ok = last_segment(ty)
        .filter(|segment| segment.ident == "Result")
        .and_then(|segment| first_type_argument(&segment.arguments));
    Ok((ok.unwrap_or(ty).clone(), ok.is_some()))
}

/// Refuses what has a borrow in it, at the place of the borrow.
fn refuse_borrows(ty: &Type) -> syn::Result<()> {
    struct Search(Option<(Span, &'static str)>);
    impl Search {
        fn found(&mut self, at: &impl ToTokens, message: &'static str) {
            self.0.get_or_insert((at.span(), message));
        }
    }
    impl<'ast> Visit<'ast> for Search {
        fn visit_type_reference(&mut self, reference: &'ast syn::TypeReference) {
            self.found(
                reference,
                "a borrow here cannot be served: the value comes from another memory; use an owned type (`String` for `&str`, `Vec<T>` for `&[T]`)",
            );
        }
        fn visit_lifetime(&mut self, lifetime: &'ast syn::Lifetime) {
            self.found(
                lifetime,
                "a type with a lifetime cannot be served: the value comes from another memory; use an owned type",
            );
        }
        fn visit_type_impl_trait(&mut self, ty: &'ast syn::TypeImplTrait) {
            self.found(
                ty,
                "a task cannot be generic: it is compiled once, before its caller is known; name the type",
            );
        }
        fn visit_type_trait_object(&mut self, ty: &'ast syn::TypeTraitObject) {
            self.found(
                ty,
                "a trait object cannot be sent to another memory; use a type that implements serde's traits",
            );
        }
        // `Result<T, Box<dyn Error>>`: an error is sent as text, whatever it is.
        fn visit_path_segment(&mut self, segment: &'ast syn::PathSegment) {
            match first_type_argument(&segment.arguments) {
                Some(ok) if segment.ident == "Result" => self.visit_type(ok),
                _ => syn::visit::visit_path_segment(self, segment),
            }
        }
    }
    let mut search = Search(None);
    search.visit_type(ty);
    match search.0 {
        Some((span, message)) => Err(Error::new(span, message)),
        None => Ok(()),
    }
}

fn last_segment(ty: &Type) -> Option<&syn::PathSegment> {
    match ty {
        Type::Path(path) if path.qself.is_none() => path.path.segments.last(),
        _ => None,
    }
}

fn first_type_argument(arguments: &PathArguments) -> Option<&Type> {
    let PathArguments::AngleBracketed(arguments) = arguments else {
        return None;
    };
    arguments.args.iter().find_map(|argument| match argument {
        GenericArgument::Type(ty) => Some(ty),
        _ => None,
    })
}

fn is_named(ty: &Type, name: &str) -> bool {
    matches!(ty, Type::Path(path) if path.path.is_ident(name))
}

fn is_scalar(ty: &Type) -> bool {
    SCALARS.iter().any(|name| is_named(ty, name))
}

/// The doc comment, without the blank that rustdoc strips too.
fn doc(attributes: &[syn::Attribute]) -> String {
    let lines = attributes.iter().filter_map(|attribute| {
        let syn::Meta::NameValue(meta) = &attribute.meta else {
            return None;
        };
        match &meta.value {
            syn::Expr::Lit(literal) if meta.path.is_ident("doc") => match &literal.lit {
                syn::Lit::Str(text) => Some(text.value()),
                _ => None,
            },
            _ => None,
        }
    });
    let text: Vec<String> = lines
        .map(|line| line.strip_prefix(' ').unwrap_or(&line).to_owned())
        .collect();
    text.join("\n").trim().to_owned()
}

//! `#[derive(Schema)]`: the structure of a type as its serde derives encode it.

use proc_macro2::TokenStream;
use quote::quote;
use syn::{Attribute, Data, DeriveInput, Error, Fields, LitStr, parse_quote};

use crate::expand::schema_of;

pub(crate) fn derive(input: &DeriveInput) -> syn::Result<TokenStream> {
    let container = Attributes::of(&input.attrs)?;
    let name = container
        .rename
        .clone()
        .unwrap_or_else(|| input.ident.to_string());
    let structure = match &input.data {
        Data::Struct(data) if container.transparent => transparent(&data.fields),
        Data::Struct(data) => {
            let fields = fields(&data.fields, container.rename_all.as_ref())?;
            quote!(&::sandpool_guest::__private::schema::Type::Struct(#name, #fields))
        }
        Data::Enum(data) => {
            refuse_gaps(data)?;
            let variants = data
                .variants
                .iter()
                .map(|variant| {
                    let attributes = Attributes::of(&variant.attrs)?;
                    let fields = fields(&variant.fields, attributes.rename_all.as_ref())?;
                    let name = match &attributes.rename {
                        Some(name) => name.clone(),
                        None => cased(
                            &variant.ident.to_string(),
                            container.rename_all.as_ref(),
                            Kind::Variant,
                        )?,
                    };
                    Ok((!attributes.skip).then(|| quote!((#name, #fields))))
                })
                .collect::<syn::Result<Vec<_>>>()?;
            let variants = variants.into_iter().flatten();
            quote!(&::sandpool_guest::__private::schema::Type::Enum(#name, &[#(#variants),*]))
        }
        Data::Union(data) => {
            return Err(Error::new_spanned(
                data.union_token,
                "a union has no schema: serde cannot encode it either",
            ));
        }
    };
    let mut generics = input.generics.clone();
    for parameter in generics.type_params_mut() {
        parameter
            .bounds
            .push(parse_quote!(::sandpool_guest::Schema));
    }
    let ident = &input.ident;
    let (impl_generics, type_generics, where_clause) = generics.split_for_impl();
    Ok(quote! {
        const _: () = {
            impl #impl_generics ::sandpool_guest::__private::schema::Schema for #ident #type_generics #where_clause {
                const TYPE: &'static ::sandpool_guest::__private::schema::Type = #structure;
            }
        };
    })
}

/// Refuses a skipped variant before others: serde counts it when it encodes and not when it decodes.
fn refuse_gaps(data: &syn::DataEnum) -> syn::Result<()> {
    let mut skipped = None;
    for variant in &data.variants {
        let skip = Attributes::of(&variant.attrs)?.skip;
        match (skip, skipped) {
            (true, None) => skipped = Some(variant),
            (false, Some(skipped)) => {
                return Err(Error::new_spanned(
                    &skipped.ident,
                    "variants after a skipped one would be taken for others; move it to the end",
                ));
            }
            _ => {}
        }
    }
    Ok(())
}

fn transparent(fields: &Fields) -> TokenStream {
    fields.iter().next().map_or_else(
        || quote!(&::sandpool_guest::__private::schema::Type::Tuple(&[])),
        |field| {
            let ty = &field.ty;
            schema_of(&quote!(#ty))
        },
    )
}

fn fields(fields: &Fields, rename_all: Option<&LitStr>) -> syn::Result<TokenStream> {
    let mut described = Vec::new();
    for field in fields {
        let attributes = Attributes::of(&field.attrs)?;
        if attributes.skip {
            continue;
        }
        let ty = &field.ty;
        let ty = schema_of(&quote!(#ty));
        let ident = field.ident.as_ref();
        described.push(match (attributes.rename, ident) {
            (Some(name), Some(_)) => quote!((#name, #ty)),
            (None, Some(ident)) => {
                let ident = ident.to_string();
                let name = cased(ident.trim_start_matches("r#"), rename_all, Kind::Field)?;
                quote!((#name, #ty))
            }
            (_, None) => ty,
        });
    }
    Ok(match fields {
        Fields::Unit => quote!(::sandpool_guest::__private::schema::Fields::Unit),
        Fields::Unnamed(_) => {
            quote!(::sandpool_guest::__private::schema::Fields::Tuple(&[#(#described),*]))
        }
        Fields::Named(_) => {
            quote!(::sandpool_guest::__private::schema::Fields::Named(&[#(#described),*]))
        }
    })
}

/// What `#[serde(...)]` says that changes the encoding.
#[derive(Default)]
struct Attributes {
    rename: Option<String>,
    rename_all: Option<LitStr>,
    skip: bool,
    transparent: bool,
}

impl Attributes {
    fn of(attributes: &[Attribute]) -> syn::Result<Self> {
        let mut found = Self::default();
        for attribute in attributes.iter().filter(|a| a.path().is_ident("serde")) {
            attribute.parse_nested_meta(|meta| {
                let name = meta.path.require_ident()?.to_string();
                match name.as_str() {
                    "rename" if meta.input.peek(syn::Token![=]) => {
                        found.rename = Some(meta.value()?.parse::<LitStr>()?.value());
                    }
                    "rename_all" if meta.input.peek(syn::Token![=]) => {
                        found.rename_all = Some(meta.value()?.parse()?);
                    }
                    "skip" => found.skip = true,
                    "transparent" => found.transparent = true,
                    "flatten" | "untagged" | "tag" | "content" | "other" => {
                        return Err(meta.error(format!(
                            "`{name}` needs an encoding that carries names; arguments and results of tasks carry none"
                        )));
                    }
                    "skip_serializing_if" | "skip_serializing" | "skip_deserializing" => {
                        return Err(meta.error(format!(
                            "with `{name}` one side would leave out what the other expects; use `skip` or keep the field"
                        )));
                    }
                    "rename" | "rename_all" | "rename_all_fields" | "from" | "try_from" | "into" | "with"
                    | "serialize_with" | "deserialize_with" | "remote" => {
                        return Err(meta.error(format!(
                            "`{name}` hides the encoded structure; leave `Schema` off, and the type is known by its name"
                        )));
                    }
                    // `default`, `alias`, `bound`, `borrow`, `crate`, `deny_unknown_fields`,
                    // `expecting` change nothing that a schema shows.
                    _ if meta.input.peek(syn::Token![=]) => {
                        meta.value()?.parse::<syn::Expr>()?;
                    }
                    _ if meta.input.peek(syn::token::Paren) => {
                        meta.parse_nested_meta(|inner| {
                            inner.value()?.parse::<syn::Expr>().map(drop)
                        })?;
                    }
                    _ => {}
                }
                Ok(())
            })?;
        }
        Ok(found)
    }
}

#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Field,
    Variant,
}

/// Applies `rename_all` as serde does: fields are words joined by `_`, variants are words that
/// start with a capital.
fn cased(name: &str, rule: Option<&LitStr>, kind: Kind) -> syn::Result<String> {
    let Some(rule) = rule else {
        return Ok(name.to_owned());
    };
    let mut words: Vec<String> = Vec::new();
    match kind {
        Kind::Field => words.extend(name.split('_').map(str::to_lowercase)),
        Kind::Variant => {
            for letter in name.chars() {
                if letter.is_uppercase() || words.is_empty() {
                    words.push(String::new());
                }
                words
                    .last_mut()
                    .expect("a word was begun")
                    .extend(letter.to_lowercase());
            }
        }
    }
    let capital = |word: &String| {
        let mut letters = word.chars();
        let first = letters.next().map(|letter| letter.to_ascii_uppercase());
        first.into_iter().chain(letters).collect::<String>()
    };
    let upper = |word: &String| word.to_uppercase();
    // `lowercase` and `UPPERCASE` leave the underscores of a field where they are.
    let glue = if kind == Kind::Field { "_" } else { "" };
    Ok(match rule.value().as_str() {
        "lowercase" => words.join(glue),
        "UPPERCASE" => words.iter().map(upper).collect::<Vec<_>>().join(glue),
        "PascalCase" => words.iter().map(capital).collect(),
        "camelCase" => {
            let rest = words.iter().skip(1).map(capital);
            words.iter().take(1).cloned().chain(rest).collect()
        }
        "snake_case" => words.join("_"),
        "SCREAMING_SNAKE_CASE" => words.join("_").to_uppercase(),
        "kebab-case" => words.join("-"),
        "SCREAMING-KEBAB-CASE" => words.join("-").to_uppercase(),
        _ => return Err(Error::new_spanned(rule, "serde knows no such case")),
    })
}

#[cfg(test)]
mod tests {
    use super::{Kind, cased};

    #[test]
    fn names_are_cased_as_serde_does() {
        // The right-hand sides are what serde_derive 1.0.229 makes of these names.
        let cases = [
            ("lowercase", "a_field", "VeryTasty", "a_field", "verytasty"),
            ("UPPERCASE", "a_field", "VeryTasty", "A_FIELD", "VERYTASTY"),
            ("PascalCase", "a_field", "VeryTasty", "AField", "VeryTasty"),
            ("camelCase", "a_field", "VeryTasty", "aField", "veryTasty"),
            (
                "snake_case",
                "a_field",
                "VeryTasty",
                "a_field",
                "very_tasty",
            ),
            (
                "SCREAMING_SNAKE_CASE",
                "a_field",
                "VeryTasty",
                "A_FIELD",
                "VERY_TASTY",
            ),
            (
                "kebab-case",
                "a_field",
                "VeryTasty",
                "a-field",
                "very-tasty",
            ),
            (
                "SCREAMING-KEBAB-CASE",
                "a_field",
                "VeryTasty",
                "A-FIELD",
                "VERY-TASTY",
            ),
        ];
        for (rule, field, variant, cased_field, cased_variant) in cases {
            let rule = syn::LitStr::new(rule, proc_macro2::Span::call_site());
            assert_eq!(cased(field, Some(&rule), Kind::Field).unwrap(), cased_field);
            assert_eq!(
                cased(variant, Some(&rule), Kind::Variant).unwrap(),
                cased_variant
            );
        }
    }
}

//! The written form of types: what a module's list of tasks shows, and what host and guest compare.
//!
//! A schema is text in Rust's own notation, with every described struct and enum spelled out:
//! `Vec<Order { id: u64, tags: Vec<String> }>`. Types that are encoded alike have one schema
//! (`&str` and `String`, `&[T]`, `HashSet<T>` and `Vec<T>`). A list of numbers that travels as its bytes is
//! `[f64]`: that is encoded otherwise than the `Vec<f64>` within another type. A type that does not
//! implement [`Schema`] stands there as its name, as the task's author wrote it.

use std::marker::PhantomData;
use std::time::Duration;

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet, VecDeque};

/// A type whose structure is known while compiling.
///
/// `#[derive(Schema)]` of `sandpool-guest` implements it for structs and enums. Types that contain
/// themselves cannot have one; they are fine in tasks without.
#[diagnostic::on_unimplemented(
    message = "`{Self}` has no schema",
    note = "add `#[derive(Schema)]` to the type, next to its serde derives"
)]
pub trait Schema {
    /// The structure.
    const TYPE: &'static Type;
}

/// The structure of a type.
#[derive(Debug)]
pub enum Type {
    /// A type that is its name: `u64`, `String`.
    Named(&'static str),
    /// A type with parameters: `Vec<T>`, `Map<K, V>`.
    Generic(&'static str, &'static [&'static Type]),
    /// `(A, B)`; the empty one is `()`.
    Tuple(&'static [&'static Type]),
    /// `[T]`: numbers that travel as their bytes, see [`codec::Number`](crate::codec::Number).
    Numbers(&'static Type),
    /// `[T; N]`.
    Array(&'static Type, usize),
    /// A struct: name and fields.
    Struct(&'static str, Fields),
    /// An enum: name, and name and fields of its variants in the order of their declaration.
    Enum(&'static str, &'static [(&'static str, Fields)]),
}

/// The fields of a struct or of an enum's variant.
#[derive(Debug)]
pub enum Fields {
    /// None.
    Unit,
    /// Fields without names.
    Tuple(&'static [&'static Type]),
    /// Fields with names.
    Named(&'static [(&'static str, &'static Type)]),
}

impl Type {
    /// Returns the written form.
    pub(crate) fn written(&self) -> String {
        let mut text = vec![0; self.written_len()];
        Writer::new(&mut text).schema(self);
        String::from_utf8(text).expect("a schema is put together from texts")
    }

    pub(crate) const fn written_len(&self) -> usize {
        let mut counter = Writer::new(&mut []);
        counter.schema(self);
        counter.at
    }
}

/// Tells at compile time whether `T` has a schema: `Probe::<T>::TYPE` is the inherent constant
/// where it has, and that of [`Undescribed`], which the user of `Probe` imports, where it has not.
#[derive(Debug)]
pub struct Probe<T: ?Sized>(PhantomData<T>);

impl<T: Schema + ?Sized> Probe<T> {
    /// The schema of `T`.
    pub const TYPE: Option<&'static Type> = Some(T::TYPE);
}

/// The other half of [`Probe`].
pub trait Undescribed {
    /// No schema.
    const TYPE: Option<&'static Type> = None;
}

impl<T: ?Sized> Undescribed for Probe<T> {}

/// Writes to a slice, while compiling too. What does not fit is only counted, so that one function
/// gives both the length and the bytes.
pub(crate) struct Writer<'a> {
    bytes: &'a mut [u8],
    pub(crate) at: usize,
}

impl<'a> Writer<'a> {
    pub(crate) const fn new(bytes: &'a mut [u8]) -> Self {
        Self { bytes, at: 0 }
    }

    pub(crate) const fn bytes(&mut self, bytes: &[u8]) {
        let mut i = 0;
        while i < bytes.len() {
            if self.at < self.bytes.len() {
                self.bytes[self.at] = bytes[i];
            }
            self.at += 1;
            i += 1;
        }
    }

    pub(crate) const fn text(&mut self, text: &str) {
        self.bytes(text.as_bytes());
    }

    const fn number(&mut self, number: usize) {
        if number > 9 {
            self.number(number / 10);
        }
        #[expect(clippy::cast_possible_truncation, reason = "a digit fits")]
        self.bytes(&[b'0' + (number % 10) as u8]);
    }

    pub(crate) const fn schema(&mut self, ty: &Type) {
        match ty {
            Type::Named(name) => self.text(name),
            Type::Generic(name, arguments) => {
                self.text(name);
                self.list("<", arguments, ">");
            }
            Type::Tuple([one]) => {
                self.text("(");
                self.schema(one);
                self.text(",)");
            }
            Type::Tuple(elements) => self.list("(", elements, ")"),
            Type::Numbers(number) => {
                self.text("[");
                self.schema(number);
                self.text("]");
            }
            Type::Array(element, len) => {
                self.text("[");
                self.schema(element);
                self.text("; ");
                self.number(*len);
                self.text("]");
            }
            Type::Struct(name, fields) => {
                self.text(name);
                self.fields(fields);
            }
            Type::Enum(name, variants) => {
                self.text("enum ");
                self.text(name);
                self.text(" { ");
                let mut i = 0;
                while i < variants.len() {
                    if i > 0 {
                        self.text(", ");
                    }
                    self.text(variants[i].0);
                    self.fields(&variants[i].1);
                    i += 1;
                }
                self.text(" }");
            }
        }
    }

    const fn fields(&mut self, fields: &Fields) {
        match fields {
            Fields::Unit => {}
            Fields::Tuple(types) => self.list("(", types, ")"),
            Fields::Named(fields) => {
                self.text(" { ");
                let mut i = 0;
                while i < fields.len() {
                    if i > 0 {
                        self.text(", ");
                    }
                    self.text(fields[i].0);
                    self.text(": ");
                    self.schema(fields[i].1);
                    i += 1;
                }
                self.text(" }");
            }
        }
    }

    const fn list(&mut self, open: &str, types: &[&Type], close: &str) {
        self.text(open);
        let mut i = 0;
        while i < types.len() {
            if i > 0 {
                self.text(", ");
            }
            self.schema(types[i]);
            i += 1;
        }
        self.text(close);
    }
}

macro_rules! named {
    ($($ty:ty)*) => {$(
        impl Schema for $ty {
            const TYPE: &'static Type = &Type::Named(stringify!($ty));
        }
    )*};
}

named!(bool char String Duration);
named!(u8 u16 u32 u64 u128 usize i8 i16 i32 i64 i128 isize f32 f64);

impl Schema for str {
    const TYPE: &'static Type = String::TYPE;
}

macro_rules! transparent {
    ($($(#[$attribute:meta])* $ty:ty)*) => {$(
        impl<T: Schema + ?Sized> Schema for $ty {
            const TYPE: &'static Type = T::TYPE;
        }
    )*};
}

transparent!(&T Box<T>);

impl<T: Schema + std::borrow::ToOwned + ?Sized> Schema for Cow<'_, T> {
    const TYPE: &'static Type = T::TYPE;
}

macro_rules! sequence {
    ($([$($generics:tt)*] $ty:ty,)*) => {$(
        impl<T: Schema, $($generics)*> Schema for $ty {
            const TYPE: &'static Type = &Type::Generic("Vec", &[T::TYPE]);
        }
    )*};
}

sequence! {
    [] Vec<T>,
    [] VecDeque<T>,
    [] BTreeSet<T>,
    [S] HashSet<T, S>,
    [] [T],
}

impl<T: Schema> Schema for Option<T> {
    const TYPE: &'static Type = &Type::Generic("Option", &[T::TYPE]);
}

impl<T: Schema, E: Schema> Schema for Result<T, E> {
    const TYPE: &'static Type = &Type::Generic("Result", &[T::TYPE, E::TYPE]);
}

impl<K: Schema, V: Schema> Schema for BTreeMap<K, V> {
    const TYPE: &'static Type = &Type::Generic("Map", &[K::TYPE, V::TYPE]);
}

impl<K: Schema, V: Schema, S> Schema for HashMap<K, V, S> {
    const TYPE: &'static Type = BTreeMap::<K, V>::TYPE;
}

impl<T: Schema, const N: usize> Schema for [T; N] {
    const TYPE: &'static Type = &Type::Array(T::TYPE, N);
}

macro_rules! tuple {
    ($($name:ident)*) => {
        impl<$($name: Schema),*> Schema for ($($name,)*) {
            const TYPE: &'static Type = &Type::Tuple(&[$($name::TYPE),*]);
        }
    };
}

tuple!();
tuple!(A);
tuple!(A B);
tuple!(A B C);
tuple!(A B C D);
tuple!(A B C D E);
tuple!(A B C D E F);
tuple!(A B C D E F G);
tuple!(A B C D E F G H);

#[cfg(test)]
mod tests {
    use super::{Fields, Probe, Schema, Type, Undescribed as _};
    use std::collections::BTreeMap;

    struct Order;
    impl Schema for Order {
        const TYPE: &'static Type = &Type::Struct(
            "Order",
            Fields::Named(&[("id", u64::TYPE), ("tags", Vec::<String>::TYPE)]),
        );
    }

    struct Shape;
    impl Schema for Shape {
        const TYPE: &'static Type = &Type::Enum(
            "Shape",
            &[
                ("Empty", Fields::Unit),
                ("Circle", Fields::Tuple(&[f64::TYPE])),
            ],
        );
    }

    #[test]
    fn schemas_read_like_rust() {
        let cases = [
            (<()>::TYPE, "()"),
            (<(u8,)>::TYPE, "(u8,)"),
            (<(&str, [f32; 120])>::TYPE, "(String, [f32; 120])"),
            (<BTreeMap<char, &[i8]>>::TYPE, "Map<char, Vec<i8>>"),
            (&Type::Numbers(f64::TYPE), "[f64]"),
            (
                <Option<Order>>::TYPE,
                "Option<Order { id: u64, tags: Vec<String> }>",
            ),
            (Shape::TYPE, "enum Shape { Empty, Circle(f64) }"),
        ];
        for (ty, expected) in cases {
            assert_eq!(ty.written(), expected);
        }
    }

    #[test]
    fn a_probe_finds_a_schema_where_there_is_one() {
        struct Plain;
        const NONE: Option<&Type> = Probe::<Plain>::TYPE;
        const SOME: Option<&Type> = Probe::<Vec<Order>>::TYPE;
        assert!(NONE.is_none());
        assert!(SOME.is_some());
        assert!(Probe::<Vec<Plain>>::TYPE.is_none());
    }
}

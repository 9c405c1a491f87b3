//! A deserializer around another that bounds depth and element count, for bytes of a hostile
//! sender. Postcard itself has neither bound: 100 kB of `01` are a list in a list in a list …
//! and end the process by stack overflow, ten bytes are a `Vec<()>` of 2^64 elements.

use std::cell::Cell;
use std::fmt;

use serde::de::{
    DeserializeSeed, Deserializer, EnumAccess, Error, MapAccess, SeqAccess, VariantAccess, Visitor,
};

use crate::codec::CodecError;

/// How deep values may be nested: every list, map, struct, enum and option is a level.
const MAX_DEPTH: u32 = 128;

/// Elements allowed beyond the number of input bytes: elements of no size take no bytes.
const FREE_ELEMENTS: usize = 1 << 16;

/// What a decoder may still use.
pub(crate) struct Budget {
    depth: Cell<u32>,
    elements: Cell<usize>,
    exceeded: Cell<Option<&'static str>>,
}

impl Budget {
    pub(crate) fn new(input_bytes: usize) -> Self {
        Self {
            depth: Cell::new(MAX_DEPTH),
            elements: Cell::new(input_bytes.saturating_add(FREE_ELEMENTS)),
            exceeded: Cell::new(None),
        }
    }

    /// Returns which bound was hit, if one was: postcard drops the text of custom errors.
    pub(crate) fn explain(&self) -> Option<CodecError> {
        self.exceeded.get().map(CodecError::new)
    }

    fn exceed<E: Error>(&self, what: &'static str) -> E {
        self.exceeded.set(Some(what));
        E::custom(what)
    }

    fn enter<E: Error>(&self) -> Result<Level<'_>, E> {
        match self.depth.get().checked_sub(1) {
            Some(left) => self.depth.set(left),
            None => return Err(self.exceed("the value is nested deeper than 128 levels")),
        }
        Ok(Level(self))
    }

    fn element<E: Error>(&self) -> Result<(), E> {
        match self.elements.get().checked_sub(1) {
            Some(left) => self.elements.set(left),
            None => return Err(self.exceed("the value has more elements than its bytes can hold")),
        }
        Ok(())
    }
}

/// One level of nesting, given back on drop.
struct Level<'b>(&'b Budget);

impl Drop for Level<'_> {
    fn drop(&mut self) {
        self.0.depth.set(self.0.depth.get() + 1);
    }
}

/// Wraps a deserializer, visitor, seed or access so that all below it share one budget.
pub(crate) struct Bounded<'b, T> {
    inner: T,
    budget: &'b Budget,
    /// Whether the elements are as many as the bytes say, and not as the type does.
    counted: bool,
}

impl<'b, T> Bounded<'b, T> {
    pub(crate) fn new(inner: T, budget: &'b Budget) -> Self {
        Self {
            inner,
            budget,
            counted: false,
        }
    }

    fn counted(self, counted: bool) -> Self {
        Self { counted, ..self }
    }
}

macro_rules! forward {
    // Leaves: nothing can be nested in them.
    (leaf $($method:ident)*) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Self::Error> {
            self.inner.$method(visitor)
        }
    )*};
    (nested $counted:literal $($method:ident($($arg:ident: $ty:ty),*))*) => {$(
        fn $method<V: Visitor<'de>>(self, $($arg: $ty,)* visitor: V) -> Result<V::Value, Self::Error> {
            let _level = self.budget.enter()?;
            self.inner.$method($($arg,)* Bounded::new(visitor, self.budget).counted($counted))
        }
    )*};
}

impl<'de, D: Deserializer<'de>> Deserializer<'de> for Bounded<'_, D> {
    type Error = D::Error;

    forward! { leaf
        deserialize_bool deserialize_i8 deserialize_i16 deserialize_i32 deserialize_i64
        deserialize_i128 deserialize_u8 deserialize_u16 deserialize_u32 deserialize_u64
        deserialize_u128 deserialize_f32 deserialize_f64 deserialize_char deserialize_str
        deserialize_string deserialize_bytes deserialize_byte_buf deserialize_unit
        deserialize_identifier
    }
    forward! { nested true
        deserialize_any()
        deserialize_ignored_any()
        deserialize_seq()
        deserialize_map()
    }
    forward! { nested false
        deserialize_option()
        deserialize_tuple(len: usize)
        deserialize_unit_struct(name: &'static str)
        deserialize_newtype_struct(name: &'static str)
        deserialize_tuple_struct(name: &'static str, len: usize)
        deserialize_struct(name: &'static str, fields: &'static [&'static str])
        deserialize_enum(name: &'static str, variants: &'static [&'static str])
    }

    fn is_human_readable(&self) -> bool {
        self.inner.is_human_readable()
    }
}

impl<'de, V: Visitor<'de>> Visitor<'de> for Bounded<'_, V> {
    type Value = V::Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.inner.expecting(f)
    }
    fn visit_unit<E: Error>(self) -> Result<V::Value, E> {
        self.inner.visit_unit()
    }
    fn visit_none<E: Error>(self) -> Result<V::Value, E> {
        self.inner.visit_none()
    }
    fn visit_some<D: Deserializer<'de>>(self, inner: D) -> Result<V::Value, D::Error> {
        self.inner.visit_some(Bounded::new(inner, self.budget))
    }
    fn visit_newtype_struct<D: Deserializer<'de>>(self, inner: D) -> Result<V::Value, D::Error> {
        self.inner
            .visit_newtype_struct(Bounded::new(inner, self.budget))
    }
    fn visit_seq<A: SeqAccess<'de>>(self, access: A) -> Result<V::Value, A::Error> {
        let access = Bounded::new(access, self.budget).counted(self.counted);
        self.inner.visit_seq(access)
    }
    fn visit_map<A: MapAccess<'de>>(self, access: A) -> Result<V::Value, A::Error> {
        let access = Bounded::new(access, self.budget).counted(self.counted);
        self.inner.visit_map(access)
    }
    fn visit_enum<A: EnumAccess<'de>>(self, access: A) -> Result<V::Value, A::Error> {
        self.inner.visit_enum(Bounded::new(access, self.budget))
    }
}

impl<'de, S: DeserializeSeed<'de>> DeserializeSeed<'de> for Bounded<'_, S> {
    type Value = S::Value;

    fn deserialize<D: Deserializer<'de>>(self, inner: D) -> Result<S::Value, D::Error> {
        self.inner.deserialize(Bounded::new(inner, self.budget))
    }
}

impl<'de, A: SeqAccess<'de>> SeqAccess<'de> for Bounded<'_, A> {
    type Error = A::Error;

    fn next_element_seed<T: DeserializeSeed<'de>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, A::Error> {
        let element = self
            .inner
            .next_element_seed(Bounded::new(seed, self.budget))?;
        if self.counted && element.is_some() {
            self.budget.element()?;
        }
        Ok(element)
    }
    fn size_hint(&self) -> Option<usize> {
        self.inner.size_hint()
    }
}

impl<'de, A: MapAccess<'de>> MapAccess<'de> for Bounded<'_, A> {
    type Error = A::Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, A::Error> {
        let key = self.inner.next_key_seed(Bounded::new(seed, self.budget))?;
        if self.counted && key.is_some() {
            self.budget.element()?;
        }
        Ok(key)
    }
    fn next_value_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<T::Value, A::Error> {
        self.inner.next_value_seed(Bounded::new(seed, self.budget))
    }
    fn size_hint(&self) -> Option<usize> {
        self.inner.size_hint()
    }
}

impl<'b, 'de, A: EnumAccess<'de>> EnumAccess<'de> for Bounded<'b, A> {
    type Error = A::Error;
    type Variant = Bounded<'b, A::Variant>;

    fn variant_seed<T: DeserializeSeed<'de>>(
        self,
        seed: T,
    ) -> Result<(T::Value, Self::Variant), A::Error> {
        let (value, variant) = self.inner.variant_seed(seed)?;
        Ok((value, Bounded::new(variant, self.budget)))
    }
}

impl<'de, A: VariantAccess<'de>> VariantAccess<'de> for Bounded<'_, A> {
    type Error = A::Error;

    fn unit_variant(self) -> Result<(), A::Error> {
        self.inner.unit_variant()
    }
    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<T::Value, A::Error> {
        self.inner
            .newtype_variant_seed(Bounded::new(seed, self.budget))
    }
    fn tuple_variant<V: Visitor<'de>>(self, len: usize, visitor: V) -> Result<V::Value, A::Error> {
        self.inner
            .tuple_variant(len, Bounded::new(visitor, self.budget))
    }
    fn struct_variant<V: Visitor<'de>>(
        self,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, A::Error> {
        self.inner
            .struct_variant(fields, Bounded::new(visitor, self.budget))
    }
}

#[cfg(test)]
mod tests {
    use crate::codec::{decode, encode};
    use serde::{Deserialize, Serialize};
    use std::collections::BTreeMap;

    #[derive(Debug, Serialize, Deserialize, PartialEq)]
    enum Tree {
        Leaf,
        Named { name: String, weight: Option<f32> },
        Pair(u8, Vec<Tree>),
        Boxed(Vec<Tree>),
    }

    #[test]
    fn every_shape_of_value_survives() {
        let tree = Tree::Boxed(vec![
            Tree::Leaf,
            Tree::Pair(3, vec![Tree::Leaf]),
            Tree::Named {
                name: "n".to_string(),
                weight: Some(0.5),
            },
        ]);
        let map = BTreeMap::from([("a".to_string(), [1u16, 2]), ("b".to_string(), [3, 4])]);
        let value = (tree, map, 'x', -7i128, [(); 3]);
        let bytes = encode(&value).unwrap();
        assert_eq!(
            decode::<(Tree, BTreeMap<String, [u16; 2]>, char, i128, [(); 3])>(&bytes).unwrap(),
            value
        );
    }

    #[test]
    fn nesting_without_end_is_an_error_and_not_a_stack_overflow() {
        let bytes = [3, 1].repeat(100_000);
        let error = decode::<Tree>(&bytes).unwrap_err();
        assert!(error.to_string().contains("128 levels"), "{error}");
    }

    #[test]
    #[cfg_attr(miri, ignore = "many elements are the point, and take miri long")]
    fn elements_of_no_size_do_not_keep_the_decoder_busy() {
        let bytes = encode(&u64::MAX).unwrap();
        let error = decode::<Vec<()>>(&bytes).unwrap_err();
        assert!(error.to_string().contains("more elements"), "{error}");
        assert_eq!(decode::<Vec<()>>(&[9]).unwrap().len(), 9);
    }

    #[test]
    #[cfg_attr(miri, ignore = "many parts are the point, and take miri minutes")]
    fn honest_values_of_many_small_parts_are_not_refused() {
        let pairs = vec![(1u8, 2u8); 70_000];
        assert_eq!(
            decode::<Vec<(u8, u8)>>(&encode(&pairs).unwrap()).unwrap(),
            pairs
        );
        let empty = vec![Vec::<u32>::new(); 70_000];
        assert_eq!(
            decode::<Vec<Vec<u32>>>(&encode(&empty).unwrap()).unwrap(),
            empty
        );
    }

    #[test]
    fn bytes_left_over_are_an_error() {
        let error = decode::<u8>(&[1, 2, 3]).unwrap_err();
        assert!(error.to_string().contains("2 bytes"), "{error}");
    }
}

//! Lists of numbers as they travel: copied, not encoded one by one.

use std::borrow::Cow;
use std::fmt;
use std::ops::Deref;

use bytemuck::Pod;
use serde::de::{Error, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::codec::CodecError;

/// A number of which lists are copied as a whole: each is its bytes, the lowest first.
pub trait Number: Pod {
    /// Returns the number with its bytes in the other order where the lowest is not first.
    #[doc(hidden)]
    fn swapped(self) -> Self;
}

macro_rules! integers {
    ($($ty:ident)*) => {$(
        impl Number for $ty {
            fn swapped(self) -> Self {
                self.to_le()
            }
        }
    )*};
}

integers!(u8 i8 u16 i16 u32 i32 u64 i64);

impl Number for f32 {
    fn swapped(self) -> Self {
        Self::from_bits(self.to_bits().to_le())
    }
}

impl Number for f64 {
    fn swapped(self) -> Self {
        Self::from_bits(self.to_bits().to_le())
    }
}

/// Returns the bytes that the numbers travel as.
#[must_use]
pub fn number_bytes<T: Number>(numbers: &[T]) -> Cow<'_, [u8]> {
    if cfg!(target_endian = "little") {
        return Cow::Borrowed(bytemuck::cast_slice(numbers));
    }
    let swapped: Vec<T> = numbers.iter().map(|number| number.swapped()).collect();
    Cow::Owned(bytemuck::cast_slice(&swapped).to_vec())
}

/// Returns the numbers that the bytes stand for.
///
/// # Errors
///
/// The bytes are not those of whole numbers.
pub fn to_numbers<T: Number>(bytes: &[u8]) -> Result<Vec<T>, CodecError> {
    if !bytes.len().is_multiple_of(size_of::<T>()) {
        let (bytes, size) = (bytes.len(), size_of::<T>());
        let message = format!("{bytes} bytes are no list of numbers of {size} bytes");
        return Err(CodecError::new(message));
    }
    let mut numbers: Vec<T> = bytemuck::pod_collect_to_vec(bytes);
    if cfg!(target_endian = "big") {
        for number in &mut numbers {
            *number = number.swapped();
        }
    }
    Ok(numbers)
}

/// Numbers to be encoded.
#[derive(Clone, Copy, Debug)]
pub struct Numbers<'a, T>(&'a [T]);

impl<'a, T: Number> Numbers<'a, T> {
    /// Wraps the numbers.
    #[must_use]
    pub fn new(numbers: &'a [T]) -> Self {
        Self(numbers)
    }
}

impl<T: Number> Serialize for Numbers<'_, T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bytes(&number_bytes(self.0))
    }
}

/// Numbers that were decoded.
#[derive(Clone, Debug, PartialEq)]
pub struct NumberVec<T>(Vec<T>);

impl<T> NumberVec<T> {
    /// Returns the numbers.
    #[must_use]
    pub fn into_vec(self) -> Vec<T> {
        self.0
    }
}

impl<T> Deref for NumberVec<T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        &self.0
    }
}

impl<'de, T: Number> Deserialize<'de> for NumberVec<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Bytes<T>(std::marker::PhantomData<T>);
        impl<T: Number> Visitor<'_> for Bytes<T> {
            type Value = NumberVec<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "the bytes of numbers of {} bytes", size_of::<T>())
            }

            fn visit_bytes<E: Error>(self, bytes: &[u8]) -> Result<Self::Value, E> {
                to_numbers(bytes).map(NumberVec).map_err(E::custom)
            }
        }
        deserializer.deserialize_bytes(Bytes(std::marker::PhantomData))
    }
}

#[cfg(test)]
mod tests {
    use super::{NumberVec, Numbers, number_bytes};
    use crate::codec::{decode, encode};

    #[test]
    fn numbers_come_back_bit_for_bit_wherever_they_lie() {
        let numbers = [0.0, -0.0, 1.5, f64::NAN, f64::INFINITY, f64::MIN_POSITIVE];
        let bits = |numbers: &[f64]| numbers.iter().map(|n| n.to_bits()).collect::<Vec<_>>();
        let encoded = encode(&Numbers::new(&numbers)).unwrap();
        for shift in 0..8 {
            let shifted = [&vec![0; shift][..], &encoded].concat();
            let decoded: NumberVec<f64> = decode(&shifted[shift..]).unwrap();
            assert_eq!(bits(&decoded), bits(&numbers), "{shift}");
        }
    }

    #[test]
    fn the_lowest_byte_is_first() {
        assert_eq!(*number_bytes(&[0x0102_u16, 3]), [2, 1, 3, 0]);
        assert_eq!(*number_bytes(&[-1_i8]), [255]);
        assert_eq!(*number_bytes(&[1.0_f32]), [0, 0, 128, 63]);
    }

    #[test]
    fn a_piece_of_a_number_is_refused() {
        let encoded = encode(serde_bytes::Bytes::new(&[0; 7])).unwrap();
        assert!(decode::<NumberVec<i8>>(&encoded).is_ok());
        assert!(decode::<NumberVec<u32>>(&encoded).is_err());
        assert!(
            decode::<NumberVec<u32>>(&encode(&(0_u8,)).unwrap())
                .unwrap()
                .is_empty()
        );
    }
}

//! Lists of numbers as they travel: copied, not encoded one by one.

use std::borrow::Cow;
use std::fmt;
use std::ops::Deref;

use bytemuck::Pod;
use serde::de::{Error, Visitor};
use serde::{Deserialize, Deserializer};

use crate::codec::CodecError;

/// A number of which lists are copied as a whole: each is its bytes, the lowest first.
pub trait Number: Pod {
    /// Returns the number whose bytes in memory are those of this one with the lowest first; and the other way
    /// round.
    #[doc(hidden)]
    fn little_endian(self) -> Self;
}

macro_rules! integers {
    ($($ty:ident)*) => {$(
        impl Number for $ty {
            fn little_endian(self) -> Self {
                self.to_le()
            }
        }
    )*};
}

integers!(u8 i8 u16 i16 u32 i32 u64 i64);

impl Number for f32 {
    fn little_endian(self) -> Self {
        Self::from_bits(self.to_bits().to_le())
    }
}

impl Number for f64 {
    fn little_endian(self) -> Self {
        Self::from_bits(self.to_bits().to_le())
    }
}

/// Returns the bytes that the numbers travel as.
#[must_use]
pub fn number_bytes<T: Number>(numbers: &[T]) -> Cow<'_, [u8]> {
    if cfg!(target_endian = "little") {
        return Cow::Borrowed(bytemuck::cast_slice(numbers));
    }
    let travelling: Vec<T> = numbers
        .iter()
        .map(|number| number.little_endian())
        .collect();
    Cow::Owned(bytemuck::cast_slice(&travelling).to_vec())
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
            *number = number.little_endian();
        }
    }
    Ok(numbers)
}

/// Numbers that were decoded: where their bytes are, if numbers can lie there, and otherwise copied.
#[derive(Clone, Debug, PartialEq)]
pub struct NumberList<'a, T: Number>(Cow<'a, [T]>);

impl<T: Number> NumberList<'_, T> {
    /// Returns the numbers.
    #[must_use]
    pub fn into_vec(self) -> Vec<T> {
        self.0.into_owned()
    }
}

impl<T: Number> Deref for NumberList<'_, T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        &self.0
    }
}

impl<'de: 'a, 'a, T: Number> Deserialize<'de> for NumberList<'a, T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Bytes<T>(std::marker::PhantomData<T>);
        impl<'de, T: Number> Visitor<'de> for Bytes<T> {
            type Value = Cow<'de, [T]>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "the bytes of numbers of {} bytes", size_of::<T>())
            }

            fn visit_borrowed_bytes<E: Error>(self, bytes: &'de [u8]) -> Result<Self::Value, E> {
                match bytemuck::try_cast_slice(bytes) {
                    Ok(numbers) if cfg!(target_endian = "little") => Ok(Cow::Borrowed(numbers)),
                    _ => self.visit_bytes(bytes),
                }
            }

            fn visit_bytes<E: Error>(self, bytes: &[u8]) -> Result<Self::Value, E> {
                to_numbers(bytes).map(Cow::Owned).map_err(E::custom)
            }
        }
        let numbers = deserializer.deserialize_bytes(Bytes(std::marker::PhantomData));
        numbers.map(Self)
    }
}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;

    use super::{NumberList, number_bytes};
    use crate::codec::{decode, encode, encode_bytes};

    #[test]
    fn numbers_come_back_bit_for_bit_wherever_they_lie() {
        let numbers = [0.0, -0.0, 1.5, f64::NAN, f64::INFINITY, f64::MIN_POSITIVE];
        let bits = |numbers: &[f64]| numbers.iter().map(|n| n.to_bits()).collect::<Vec<_>>();
        let encoded = encode_bytes(&number_bytes(&numbers), Vec::new());
        for shift in 0..8 {
            let shifted = [&vec![0; shift][..], &encoded].concat();
            let decoded: NumberList<'_, f64> = decode(&shifted[shift..]).unwrap();
            assert_eq!(bits(&decoded), bits(&numbers), "{shift}");
        }
    }

    #[test]
    fn numbers_are_decoded_where_they_are_if_they_can_lie_there() {
        let encoded = encode_bytes(&number_bytes(&[1_u16, 2]), Vec::new());
        let mut places = [0; 2];
        let mut bytes = vec![0; encoded.len() + 1];
        for shift in 0..2 {
            let place = &mut bytes[shift..][..encoded.len()];
            place.copy_from_slice(&encoded);
            let decoded: NumberList<'_, u16> = decode(place).unwrap();
            assert_eq!(*decoded, [1, 2]);
            places[usize::from(matches!(decoded.0, Cow::Borrowed(_)))] += 1;
        }
        // Of two places next to each other, one is even.
        let in_place = usize::from(cfg!(target_endian = "little"));
        assert_eq!(places, [2 - in_place, in_place]);
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
        assert!(decode::<NumberList<i8>>(&encoded).is_ok());
        assert!(decode::<NumberList<u32>>(&encoded).is_err());
        assert!(
            decode::<NumberList<u32>>(&encode(&(0_u8,)).unwrap())
                .unwrap()
                .is_empty()
        );
    }
}

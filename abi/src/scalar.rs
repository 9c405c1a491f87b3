//! Values that cross the boundary in a register, with no encoding.

/// How many scalars a task may take to be called without an encoding.
pub const SCALAR_SLOTS: usize = 4;

/// A type whose values fit one 64-bit slot: integers up to 64 bits, floats, `bool`, `char`, `()`.
pub trait Scalar: Sized {
    /// Returns the slot that stands for `self`. Floats keep their bits, NaN payload included.
    fn into_slot(self) -> u64;

    /// Returns the value that `slot` stands for, or `None` where it stands for none of this type.
    fn from_slot(slot: u64) -> Option<Self>;
}

macro_rules! unsigned {
    ($($ty:ty)*) => {$(
        impl Scalar for $ty {
            fn into_slot(self) -> u64 {
                self as u64
            }
            fn from_slot(slot: u64) -> Option<Self> {
                slot.try_into().ok()
            }
        }
    )*};
}

macro_rules! signed {
    ($($ty:ty)*) => {$(
        impl Scalar for $ty {
            fn into_slot(self) -> u64 {
                (self as i64).cast_unsigned()
            }
            fn from_slot(slot: u64) -> Option<Self> {
                slot.cast_signed().try_into().ok()
            }
        }
    )*};
}

// `usize` and `isize` have 32 bits in the guest and 64 in the host: what does not fit is `None`.
unsigned!(u8 u16 u32 u64 usize);
signed!(i8 i16 i32 i64 isize);

impl Scalar for f64 {
    fn into_slot(self) -> u64 {
        self.to_bits()
    }
    fn from_slot(slot: u64) -> Option<Self> {
        Some(Self::from_bits(slot))
    }
}

impl Scalar for f32 {
    fn into_slot(self) -> u64 {
        self.to_bits().into()
    }
    fn from_slot(slot: u64) -> Option<Self> {
        u32::from_slot(slot).map(Self::from_bits)
    }
}

impl Scalar for bool {
    fn into_slot(self) -> u64 {
        self.into()
    }
    fn from_slot(slot: u64) -> Option<Self> {
        match slot {
            0 => Some(false),
            1 => Some(true),
            _ => None,
        }
    }
}

impl Scalar for char {
    fn into_slot(self) -> u64 {
        self.into()
    }
    fn from_slot(slot: u64) -> Option<Self> {
        u32::from_slot(slot).and_then(Self::from_u32)
    }
}

impl Scalar for () {
    fn into_slot(self) -> u64 {
        0
    }
    fn from_slot(slot: u64) -> Option<Self> {
        (slot == 0).then_some(())
    }
}

#[cfg(test)]
mod tests {
    use super::Scalar;
    use std::fmt::Debug;

    fn survives<T: Scalar + Copy + PartialEq + Debug>(values: &[T]) {
        for &value in values {
            assert_eq!(T::from_slot(value.into_slot()), Some(value));
        }
    }

    #[test]
    fn every_scalar_survives_the_slot() {
        survives(&[0u8, 255]);
        survives(&[0u64, u64::MAX]);
        survives(&[i8::MIN, -1, 0, i8::MAX]);
        survives(&[i64::MIN, -1, i64::MAX]);
        survives(&[0.0, -0.0, f64::INFINITY, 1.5]);
        survives(&[f32::MIN, f32::MAX]);
        survives(&[true, false]);
        survives(&['a', '\u{10FFFF}']);
        survives(&[()]);
        assert_eq!(
            f64::NAN.into_slot(),
            f64::from_slot(f64::NAN.to_bits()).unwrap().to_bits()
        );
    }

    #[test]
    fn a_slot_out_of_range_is_none() {
        assert_eq!(u8::from_slot(256), None);
        assert_eq!(i8::from_slot(128), None);
        assert_eq!(bool::from_slot(2), None);
        assert_eq!(char::from_slot(0xD800), None);
        assert_eq!(f32::from_slot(u64::MAX), None);
        assert_eq!(<()>::from_slot(1), None);
    }
}

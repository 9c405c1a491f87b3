//! The encoding of arguments and results: postcard, with bounds on what a decoder will follow.

use std::fmt;

use serde::{Deserialize, Serialize};

pub use serde_bytes::{ByteBuf, Bytes};

use crate::bounded;
pub use crate::numbers::{Number, NumberList, number_bytes, to_numbers};

/// Why a value could not be encoded or bytes could not be decoded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CodecError {
    message: String,
}

impl CodecError {
    /// Creates an error with this text.
    pub fn new(message: impl Into<String>) -> Self {
        let message = message.into();
        Self { message }
    }
}

impl fmt::Display for CodecError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for CodecError {}

impl From<postcard::Error> for CodecError {
    fn from(error: postcard::Error) -> Self {
        use postcard::Error as E;
        Self::new(match error {
            E::WontImplement | E::NotYetImplemented => {
                "the type needs an encoding that carries names, as serde's `flatten`, `tag` and `untagged` do"
            }
            E::SerializeSeqLengthUnknown => "a sequence in it cannot tell its length beforehand",
            E::SerdeSerCustom => "its own `Serialize` refused",
            E::SerdeDeCustom => "its own `Deserialize` refused",
            E::DeserializeUnexpectedEnd => "the bytes end within a value",
            other => return Self::new(other.to_string()),
        })
    }
}

/// Appends the encoded `value` to `buffer` and returns it.
///
/// # Errors
///
/// What `value`'s own `Serialize` reports, or a sequence that cannot tell its length beforehand.
pub fn encode_into<T: Serialize + ?Sized>(
    value: &T,
    buffer: Vec<u8>,
) -> Result<Vec<u8>, CodecError> {
    Ok(postcard::to_extend(value, buffer)?)
}

/// Returns the encoded `value`.
///
/// # Errors
///
/// As [`encode_into`].
pub fn encode<T: Serialize + ?Sized>(value: &T) -> Result<Vec<u8>, CodecError> {
    // Most values are small, and need not be moved while the buffer grows.
    const SMALL: usize = 64;
    encode_into(value, Vec::with_capacity(SMALL))
}

/// Appends what [`Bytes`] are encoded as to `buffer` and returns it.
#[must_use]
pub fn encode_bytes(bytes: &[u8], mut buffer: Vec<u8>) -> Vec<u8> {
    let length = Length::of(bytes);
    buffer.reserve_exact(length.as_ref().len() + bytes.len());
    buffer.extend_from_slice(length.as_ref());
    buffer.extend_from_slice(bytes);
    buffer
}

/// What stands before encoded bytes: how many there are.
#[derive(Clone, Copy, Debug)]
pub struct Length {
    bytes: [u8; Self::MOST_BYTES],
    used: usize,
}

impl Length {
    /// Seven bits a byte.
    const MOST_BYTES: usize = 10;

    /// Returns what stands before these bytes.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Self {
        const CONTINUES: u8 = 1 << 7;
        let mut length = Self {
            bytes: [0; Self::MOST_BYTES],
            used: 0,
        };
        let mut left = bytes.len();
        loop {
            let low = left as u8 & !CONTINUES;
            left >>= 7;
            length.bytes[length.used] = match left {
                0 => low,
                _ => low | CONTINUES,
            };
            length.used += 1;
            if left == 0 {
                return length;
            }
        }
    }
}

impl AsRef<[u8]> for Length {
    fn as_ref(&self) -> &[u8] {
        &self.bytes[..self.used]
    }
}

/// Returns the value that the whole of `bytes` stands for.
///
/// # Errors
///
/// Bytes that are no such value, bytes left over, values nested deeper than 128 levels, and more
/// elements than so many bytes can honestly hold: a few hostile bytes can neither overflow the
/// stack nor keep the decoder busy.
pub fn decode<'de, T: Deserialize<'de>>(bytes: &'de [u8]) -> Result<T, CodecError> {
    let mut decoder = postcard::Deserializer::from_bytes(bytes);
    let budget = bounded::Budget::new(bytes.len());
    let value = T::deserialize(bounded::Bounded::new(&mut decoder, &budget))
        .map_err(|error| budget.explain().unwrap_or_else(|| error.into()))?;
    let rest = decoder.finalize()?;
    if rest.is_empty() {
        Ok(value)
    } else {
        Err(CodecError::new(format!(
            "{} bytes are left over after the value",
            rest.len()
        )))
    }
}

#[cfg(test)]
mod tests {
    use super::{Bytes, encode, encode_bytes};

    #[test]
    fn bytes_are_encoded_as_postcard_does() {
        for length in [0, 1, 127, 128, 300, 16_383, 16_384, 70_000] {
            let bytes = vec![7; length];
            let encoded = encode(Bytes::new(&bytes)).unwrap();
            assert_eq!(encode_bytes(&bytes, Vec::new()), encoded, "{length}");
            assert_eq!(encode(&(Bytes::new(&bytes),)).unwrap(), encoded);
            let text = "x".repeat(length);
            assert_eq!(
                encode_bytes(text.as_bytes(), Vec::new()),
                encode(&text).unwrap()
            );
        }
    }
}

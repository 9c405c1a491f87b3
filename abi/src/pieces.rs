//! Arguments of which some need not be copied to be encoded.

use std::borrow::Cow;

use serde::Serialize;

use crate::codec::{self, CodecError, Length};

/// Shorter ones are copied: to keep a piece apart takes an allocation.
const APART_BYTES: usize = 1 << 10;

/// Encoded values, one after the other as those of a tuple are, with long bytes between them that are where
/// they were.
#[derive(Clone, Debug, Default)]
pub struct Pieces<'a> {
    encoded: Vec<u8>,
    /// Where in `encoded` these come.
    apart: Vec<(usize, Cow<'a, [u8]>)>,
}

impl<'a> Pieces<'a> {
    /// Appends a value.
    ///
    /// # Errors
    ///
    /// As [`codec::encode_into`].
    pub fn value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), CodecError> {
        self.encoded = codec::encode_into(value, std::mem::take(&mut self.encoded))?;
        Ok(())
    }

    /// Appends bytes, as [`codec::Bytes`], text or numbers are encoded.
    pub fn bytes(&mut self, bytes: Cow<'a, [u8]>) {
        self.encoded.extend_from_slice(Length::of(&bytes).as_ref());
        match bytes.len() < APART_BYTES {
            true => self.encoded.extend_from_slice(&bytes),
            false => self.apart.push((self.encoded.len(), bytes)),
        }
    }

    /// Returns how many bytes all are.
    #[must_use]
    pub fn len(&self) -> usize {
        let apart = self.apart.iter().map(|(_, bytes)| bytes.len());
        self.encoded.len() + apart.sum::<usize>()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Hands all bytes over, from the first to the last.
    pub fn for_each(&self, mut take: impl FnMut(&[u8])) {
        let mut from = 0;
        for (at, bytes) in &self.apart {
            take(&self.encoded[from..*at]);
            take(bytes);
            from = *at;
        }
        take(&self.encoded[from..]);
    }

    /// Returns all bytes.
    #[must_use]
    pub fn to_vec(&self) -> Vec<u8> {
        let mut all = Vec::with_capacity(self.len());
        self.for_each(|piece| all.extend_from_slice(piece));
        all
    }
}

#[cfg(test)]
mod tests {
    use super::{APART_BYTES, Pieces};
    use crate::codec::{Bytes, encode};

    #[test]
    fn pieces_are_encoded_as_a_tuple_is() {
        for length in [0, 1, APART_BYTES - 1, APART_BYTES, 3 * APART_BYTES] {
            let (bytes, text) = (vec![7; length], "x".repeat(length));
            let mut pieces = Pieces::default();
            assert!(pieces.is_empty());
            pieces.bytes((&bytes).into());
            pieces.value(&300_u16).unwrap();
            pieces.bytes(text.as_bytes().into());
            pieces.bytes((&bytes).into());
            pieces.value(&'c').unwrap();
            let whole = (Bytes::new(&bytes), 300_u16, &text, Bytes::new(&bytes), 'c');
            let whole = encode(&whole).unwrap();
            assert_eq!(
                (pieces.to_vec(), pieces.len()),
                (whole.clone(), whole.len())
            );
            let apart = if length < APART_BYTES { 0 } else { 3 };
            assert_eq!(pieces.apart.len(), apart, "{length}");
        }
    }
}

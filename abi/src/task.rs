//! Tasks as a host sees them: typed arguments in, a typed value out.

use std::borrow::Cow;

use crate::codec::{self, CodecError, Length};
use crate::{Pieces, Record, SCALAR_SLOTS};

/// A function that can run in a sandboxed process. `#[task]` of `sandpool-guest` implements it.
pub trait Task: Copy + Send + Sync + 'static {
    /// What the task is called with: `()` for no parameter, the parameter's type for one, a tuple
    /// for several. A borrowed parameter is owned here: `&str` is `String`, `&[T]` is `Vec<T>`.
    type Args: Send + 'static;

    /// What the task returns; for a task that returns a `Result`, the type of `Ok`.
    type Output: Send + 'static;

    /// Name, doc comment and schemas.
    const RECORD: Record;

    /// Returns the arguments in the form in which they are handed to the guest.
    ///
    /// # Errors
    ///
    /// What the arguments' own `Serialize` reports.
    #[doc(hidden)]
    fn encode(args: &Self::Args) -> Result<Arguments<'_>, CodecError>;

    /// Returns the value that a guest's reply stands for.
    ///
    /// # Errors
    ///
    /// A reply that is no such value.
    #[doc(hidden)]
    fn decode(reply: Reply<'_>) -> Result<Self::Output, CodecError>;
}

/// How arguments and result of a call are encoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum Encoding {
    /// See [`codec`].
    Postcard = 0,
    /// Text; for hosts that know the task only by its name.
    Json = 1,
}

impl Encoding {
    /// Returns the encoding of this number, if there is one.
    #[must_use]
    pub const fn from_u32(number: u32) -> Option<Self> {
        match number {
            0 => Some(Self::Postcard),
            1 => Some(Self::Json),
            _ => None,
        }
    }
}

/// The arguments of one call, or where they are.
#[derive(Clone, Debug)]
pub enum Arguments<'a> {
    /// For the scalar export. Unused slots are zero.
    Scalars([u64; SCALAR_SLOTS]),
    /// For the task export.
    Encoded(Encoding, Cow<'a, [u8]>),
    /// For the task export: bytes, text or numbers that are its only argument, in postcard. They need not be
    /// copied to be encoded.
    Bytes(Cow<'a, [u8]>),
    /// For the task export: several arguments of which some are those, in postcard.
    Pieces(Pieces<'a>),
}

impl Arguments<'_> {
    /// Returns how they are encoded for the task export.
    #[must_use]
    pub fn encoding(&self) -> Encoding {
        match self {
            Self::Encoded(encoding, _) => *encoding,
            Self::Scalars(_) | Self::Bytes(_) | Self::Pieces(_) => Encoding::Postcard,
        }
    }

    /// Returns how many bytes the task export is given: none of scalars.
    #[must_use]
    pub fn encoded_len(&self) -> usize {
        match self {
            Self::Scalars(_) => 0,
            Self::Encoded(_, bytes) => bytes.len(),
            Self::Bytes(bytes) => Length::of(bytes).as_ref().len() + bytes.len(),
            Self::Pieces(pieces) => pieces.len(),
        }
    }

    /// Hands these bytes over, from the first to the last.
    pub fn for_each_piece(&self, mut take: impl FnMut(&[u8])) {
        match self {
            Self::Scalars(_) => {}
            Self::Encoded(_, bytes) => take(bytes),
            Self::Bytes(bytes) => {
                take(Length::of(bytes).as_ref());
                take(bytes);
            }
            Self::Pieces(pieces) => pieces.for_each(take),
        }
    }

    /// Returns the same arguments, and all that they point to.
    #[must_use]
    pub fn into_owned(self) -> Arguments<'static> {
        match self {
            Self::Scalars(slots) => Arguments::Scalars(slots),
            Self::Encoded(encoding, bytes) => {
                Arguments::Encoded(encoding, bytes.into_owned().into())
            }
            Self::Bytes(bytes) => {
                let bytes = codec::encode_bytes(&bytes, Vec::new());
                Arguments::Encoded(Encoding::Postcard, bytes.into())
            }
            Self::Pieces(pieces) => Arguments::Encoded(Encoding::Postcard, pieces.to_vec().into()),
        }
    }
}

/// The reply to one call, still in guest memory.
#[derive(Clone, Copy, Debug)]
pub enum Reply<'a> {
    /// Of the scalar export.
    Scalar(u64),
    /// Of the task export, encoded like the arguments.
    Encoded(&'a [u8]),
    /// Of the task export: the bytes themselves, or those of numbers.
    Bytes(&'a [u8]),
}

impl<'a> Reply<'a> {
    /// Returns what is encoded.
    ///
    /// # Errors
    ///
    /// The reply is not an encoded one.
    pub fn encoded(self) -> Result<&'a [u8], CodecError> {
        match self {
            Self::Encoded(bytes) => Ok(bytes),
            Self::Scalar(_) => Err(CodecError::new("a scalar came for an encoded result")),
            Self::Bytes(_) => Err(CodecError::new("bytes came for an encoded result")),
        }
    }

    /// Returns the bytes that the reply stands for.
    ///
    /// # Errors
    ///
    /// It stands for something else.
    pub fn bytes(self) -> Result<&'a [u8], CodecError> {
        match self {
            Self::Bytes(bytes) => Ok(bytes),
            other => codec::decode::<&codec::Bytes>(other.encoded()?).map(|bytes| &**bytes),
        }
    }
}

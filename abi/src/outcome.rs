//! What a guest answers to a call: one status byte, then the payload.

use serde::{Deserialize, Serialize};

use crate::Span;
use crate::codec::{self, CodecError};

/// The first byte of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Status {
    /// The encoded value follows.
    Value = 0,
    /// A [`Failure`] follows: the task returned `Err`.
    Failed = 1,
    /// Text follows: the arguments could not be decoded.
    BadArguments = 2,
    /// Text follows: the task's value could not be encoded.
    BadResult = 3,
    /// A [`Span`] follows, lowest byte first: the task's value is the bytes there, which are not copied to be
    /// told.
    Bytes = 4,
}

/// The longest answer that is not a value. An error takes many times its size to take apart.
const MAX_FAILURE_BYTES: usize = 1 << 20;

/// An error that a task returned: its text, and the text of every cause below it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// The error's own text.
    pub message: String,
    /// The causes, the nearest first.
    pub causes: Vec<String>,
}

/// An answer, taken apart.
#[derive(Debug, PartialEq, Eq)]
pub enum Outcome<'a> {
    /// The task's value, still encoded.
    Value(&'a [u8]),
    /// The task returned `Err`.
    Failed(Failure),
    /// The guest could not decode the arguments.
    BadArguments(String),
    /// The guest could not encode the task's value.
    BadResult(String),
    /// The task's value are the bytes there.
    Bytes(Span),
}

impl<'a> Outcome<'a> {
    /// Returns the outcome in `answer`.
    ///
    /// # Errors
    ///
    /// An answer that is empty, has an unknown status or a failure that does not decode.
    pub fn read(answer: &'a [u8]) -> Result<Self, CodecError> {
        let Some((&status, payload)) = answer.split_first() else {
            return Err(CodecError::new("the answer is empty"));
        };
        let text = || String::from_utf8_lossy(payload).into_owned();
        if status != Status::Value as u8 && payload.len() > MAX_FAILURE_BYTES {
            return Err(CodecError::new("the answer is an error of more than 1 MiB"));
        }
        match status {
            s if s == Status::Value as u8 => Ok(Self::Value(payload)),
            s if s == Status::Failed as u8 => codec::decode(payload).map(Self::Failed),
            s if s == Status::BadArguments as u8 => Ok(Self::BadArguments(text())),
            s if s == Status::BadResult as u8 => Ok(Self::BadResult(text())),
            s if s == Status::Bytes as u8 => match payload.try_into() {
                Ok(span) => Ok(Self::Bytes(Span::from_u64(u64::from_le_bytes(span)))),
                Err(_) => Err(CodecError::new(
                    "the answer does not tell where its bytes are",
                )),
            },
            other => Err(CodecError::new(format!(
                "the answer has the unknown status {other}"
            ))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{MAX_FAILURE_BYTES, Outcome};
    use crate::Span;

    #[test]
    fn an_answer_that_makes_no_sense_is_an_error() {
        assert!(Outcome::read(&[]).is_err());
        assert!(Outcome::read(&[1, 0xFF]).is_err());
        let unknown = Outcome::read(&[9]).unwrap_err();
        assert!(unknown.to_string().contains('9'), "{unknown}");
        assert_eq!(Outcome::read(&[0, 5]), Ok(Outcome::Value(&[5])));
        let span = Span { ptr: 2, len: 1 };
        let answer = [&[4][..], &span.to_u64().to_le_bytes()].concat();
        assert_eq!(Outcome::read(&answer), Ok(Outcome::Bytes(span)));
        assert!(Outcome::read(&answer[..8]).is_err());
        let mut long = vec![2; MAX_FAILURE_BYTES + 2];
        assert!(Outcome::read(&long).is_err());
        long[0] = 0;
        assert!(Outcome::read(&long).is_ok());
    }
}

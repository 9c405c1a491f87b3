//! From the bytes that the host wrote to the bytes that it reads.

use std::fmt::Display;

use sandpool_abi::{Encoding, Scalar, Status};

use crate::{buffers, panic_hook};

/// Prepares the instance for running a task, which may not be its first.
pub fn enter() {
    panic_hook::install();
    buffers::forget_answer();
}

/// Runs a task: hands the arguments to the function for their encoding and gives its answer away.
pub fn call(
    encoding: u32,
    ptr: u32,
    len: u32,
    by_postcard: impl FnOnce(&[u8]) -> Vec<u8>,
    by_json: impl FnOnce(&[u8]) -> Vec<u8>,
) -> u64 {
    enter();
    let arguments = buffers::take_arguments(ptr, len);
    let answer = match Encoding::from_u32(encoding) {
        Some(Encoding::Postcard) => by_postcard(&arguments),
        Some(Encoding::Json) => by_json(&arguments),
        None => bad_arguments("the module does not know their encoding"),
    };
    buffers::give_answer(answer).to_u64()
}

/// Returns the value of a slot that the host filled.
pub fn scalar<T: Scalar>(slot: u64) -> T {
    T::from_slot(slot).expect("an argument does not fit its 32-bit type in the sandbox")
}

/// Returns the answer for arguments that could not be decoded.
pub fn bad_arguments(error: impl Display) -> Vec<u8> {
    text(Status::BadArguments, error)
}

fn text(status: Status, text: impl Display) -> Vec<u8> {
    let mut answer = vec![status as u8];
    answer.extend_from_slice(text.to_string().as_bytes());
    answer
}

fn failed(failure: &sandpool_abi::Failure) -> Vec<u8> {
    sandpool_abi::codec::encode_into(failure, vec![Status::Failed as u8])
        .unwrap_or_else(|error| text(Status::BadResult, error))
}

/// Arguments and results of hosts that know the task's types.
pub mod postcard {
    use sandpool_abi::{Failure, Span, Status, codec};
    use serde::Serialize;

    pub use sandpool_abi::codec::decode;

    use crate::buffers;

    /// Returns the answer for what the task returned.
    pub fn answer<T: Serialize>(result: Result<T, Failure>) -> Vec<u8> {
        match result {
            Ok(value) => codec::encode_into(&value, vec![Status::Value as u8])
                .unwrap_or_else(|error| super::text(Status::BadResult, error)),
            Err(failure) => super::failed(&failure),
        }
    }

    /// Returns the answer for a task that returned bytes.
    pub fn answer_bytes(result: Result<Vec<u8>, Failure>) -> Vec<u8> {
        match result {
            Ok(bytes) => in_place(buffers::keep(bytes)),
            Err(failure) => super::failed(&failure),
        }
    }

    /// Returns the answer for a task that returned numbers.
    pub fn answer_numbers<T: codec::Number>(result: Result<Vec<T>, Failure>) -> Vec<u8> {
        match result {
            Ok(numbers) => in_place(buffers::keep(numbers)),
            Err(failure) => super::failed(&failure),
        }
    }

    fn in_place(bytes: Span) -> Vec<u8> {
        let mut answer = vec![Status::Bytes as u8];
        answer.extend_from_slice(&bytes.to_u64().to_le_bytes());
        answer
    }
}

/// Arguments and results of hosts that know the task's name.
#[cfg(feature = "json")]
pub mod json {
    use sandpool_abi::{Failure, Status};
    use serde::{Deserialize, Serialize};

    /// Returns the value that `bytes` stands for.
    pub fn decode<'de, T: Deserialize<'de>>(bytes: &'de [u8]) -> serde_json::Result<T> {
        serde_json::from_slice(bytes)
    }

    /// Returns the answer for what the task returned.
    pub fn answer<T: Serialize>(result: Result<T, Failure>) -> Vec<u8> {
        match result {
            Ok(value) => {
                let mut answer = vec![Status::Value as u8];
                match serde_json::to_writer(&mut answer, &value) {
                    Ok(()) => answer,
                    Err(error) => super::text(Status::BadResult, error),
                }
            }
            Err(failure) => super::failed(&failure),
        }
    }

    pub use self::{answer as answer_bytes, answer as answer_numbers};
}

/// What stands for JSON in a module that was built without it.
#[cfg(not(feature = "json"))]
pub mod json {
    use sandpool_abi::Failure;

    /// Returns no value: the reason.
    pub fn decode<T>(_: &[u8]) -> Result<T, &'static str> {
        Err("the module was built without the feature `json` of sandpool-guest")
    }

    /// Is not reached: nothing is decoded.
    pub fn answer<T>(_: Result<T, Failure>) -> Vec<u8> {
        Vec::new()
    }

    pub use self::{answer as answer_bytes, answer as answer_numbers};
}

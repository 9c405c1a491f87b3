//! Tasks and types with the names that generated code might use, too.

use sandpool_guest::{Schema, task};
use serde::{Deserialize, Serialize};

const LEN: usize = 3;

mod private {
    pub(super) fn value() -> u32 {
        40
    }
}

mod schema {
    use super::{Deserialize, Schema, Serialize};

    #[derive(Debug, Serialize, Deserialize, Schema)]
    pub(super) struct Fields(pub(super) u32);
}

/// A type with a much used name.
#[derive(Debug, Serialize, Deserialize, Schema)]
pub struct Record {
    fields: schema::Fields,
}

/// Another one.
#[derive(Debug, Serialize, Deserialize)]
pub struct Task(u32);

/// The names of modules and constants stay the user's.
#[task]
pub fn outcome(record: Record, task: Task, data: [u8; LEN]) -> u32 {
    private::value() + record.fields.0 + task.0 + u32::from(data[2])
}

/// A task of this name.
#[task]
pub fn bytes(data: Vec<u8>) -> Result<Vec<u8>, String> {
    Ok(data)
}

/// A task of this name.
#[task]
pub fn scalar(args: u32, reply: u32) -> u32 {
    args + reply
}

/// A task of this name.
#[task]
pub fn error(slot: u32) -> u32 {
    slot
}

macro_rules! generated {
    ($name:ident, $ty:ty) => {
        /// A task from a macro, with a type of the macro's argument.
        #[task]
        pub fn $name(value: $ty) -> usize {
            value.len()
        }
    };
}

generated!(length_of_text, &str);

#[cfg(test)]
mod tests {
    #[test]
    fn tasks_with_odd_names_are_functions_too() {
        let record = super::Record {
            fields: super::schema::Fields(1),
        };
        assert_eq!(super::outcome(record, super::Task(0), [0, 0, 1]), 42);
        assert_eq!(super::bytes(vec![1]).unwrap(), [1]);
        assert_eq!(super::scalar(1, 2) + super::error(3), 6);
        assert_eq!(super::length_of_text("four"), 4);
    }
}

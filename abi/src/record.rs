//! Records: what a module says of its tasks, readable without compiling or running it.
//!
//! A record is `length: u32, version: u32`, then `length` bytes: flags, name, doc comment, result
//! schema, parameter count, and name and schema of every parameter. Numbers are little-endian
//! `u32`, texts are a number and so many bytes of UTF-8. Length and version come first so that a
//! reader of another version can still tell which version it found.

use std::fmt;

use crate::ABI_VERSION;
use crate::schema::{Type, Writer};

const FLAG_SCALAR: u32 = 1;
const HEADER_BYTES: usize = 8;

/// What a task is: written into the module by `#[task]`, and known to the host that calls it.
#[derive(Debug)]
pub struct Record {
    /// The function's name.
    pub name: &'static str,
    /// The function's doc comment.
    pub doc: &'static str,
    /// Names and types of the parameters.
    pub parameters: &'static [(&'static str, &'static Type)],
    /// The type of the value; for a task that returns a `Result`, that of `Ok`.
    pub output: &'static Type,
    /// Whether the task can be called with scalars.
    pub scalar: bool,
}

impl Record {
    /// Returns the number of bytes that [`to_bytes`](Self::to_bytes) makes.
    #[must_use]
    pub const fn len_bytes(&self) -> usize {
        let mut counter = Writer::new(&mut []);
        self.write(&mut counter, 0);
        counter.at
    }

    /// Returns the record as it stands in the module. `N` is [`len_bytes`](Self::len_bytes).
    #[must_use]
    pub const fn to_bytes<const N: usize>(&self) -> [u8; N] {
        let mut bytes = [0; N];
        self.write(&mut Writer::new(&mut bytes), N - HEADER_BYTES);
        bytes
    }

    const fn write(&self, writer: &mut Writer<'_>, body_len: usize) {
        number(writer, body_len);
        number(writer, ABI_VERSION as usize);
        let flags = if self.scalar { FLAG_SCALAR } else { 0 };
        number(writer, flags as usize);
        text(writer, self.name);
        text(writer, self.doc);
        schema(writer, self.output);
        number(writer, self.parameters.len());
        let mut i = 0;
        while i < self.parameters.len() {
            text(writer, self.parameters[i].0);
            schema(writer, self.parameters[i].1);
            i += 1;
        }
    }

    /// Returns whether `found` describes the same task: same name, same schemas. Doc comments and
    /// parameter names may differ.
    #[must_use]
    pub fn matches(&self, found: &OwnedRecord) -> bool {
        fn is(ty: &Type, text: &str) -> bool {
            ty.written() == text
        }
        self.name == found.name
            && self.scalar == found.scalar
            && is(self.output, &found.output)
            && self.parameters.len() == found.parameters.len()
            && self
                .parameters
                .iter()
                .zip(&found.parameters)
                .all(|((_, ty), found)| is(ty, &found.schema))
    }

    /// Returns the record as its reader sees it.
    #[must_use]
    pub fn to_owned(&self) -> OwnedRecord {
        OwnedRecord {
            name: self.name.into(),
            doc: self.doc.into(),
            parameters: self
                .parameters
                .iter()
                .map(|(name, ty)| Parameter {
                    name: (*name).into(),
                    schema: ty.written(),
                })
                .collect(),
            output: self.output.written(),
            scalar: self.scalar,
        }
    }
}

const fn number(writer: &mut Writer<'_>, number: usize) {
    #[expect(
        clippy::cast_possible_truncation,
        reason = "nobody writes a doc comment of 4 GiB"
    )]
    writer.bytes(&(number as u32).to_le_bytes());
}

const fn text(writer: &mut Writer<'_>, text: &str) {
    number(writer, text.len());
    writer.text(text);
}

const fn schema(writer: &mut Writer<'_>, ty: &Type) {
    number(writer, ty.written_len());
    writer.schema(ty);
}

/// A record that was read from a module.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwnedRecord {
    /// The function's name.
    pub name: String,
    /// The function's doc comment.
    pub doc: String,
    /// The parameters, in order.
    pub parameters: Vec<Parameter>,
    /// The schema of the value.
    pub output: String,
    /// Whether the task can be called with scalars.
    pub scalar: bool,
}

/// A parameter of a task.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parameter {
    /// The parameter's name.
    pub name: String,
    /// The parameter's schema.
    pub schema: String,
}

impl fmt::Display for OwnedRecord {
    /// Writes the task's signature: `name(parameter: schema) -> schema`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}(", self.name)?;
        for (index, parameter) in self.parameters.iter().enumerate() {
            let comma = if index > 0 { ", " } else { "" };
            write!(f, "{comma}{}: {}", parameter.name, parameter.schema)?;
        }
        f.write_str(")")?;
        if self.output != "()" {
            write!(f, " -> {}", self.output)?;
        }
        Ok(())
    }
}

/// Why the records of a module could not be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RecordError {
    /// A record of another ABI version.
    Version {
        /// The version of the record.
        found: u32,
    },
    /// Bytes that are no record.
    Malformed,
}

/// Returns the records in the contents of the section [`RECORDS_SECTION`](crate::RECORDS_SECTION).
///
/// # Errors
///
/// [`RecordError::Version`] for the first record of another version, [`RecordError::Malformed`] for
/// anything else that is wrong.
pub fn read_records(mut section: &[u8]) -> Result<Vec<OwnedRecord>, RecordError> {
    let mut records = Vec::new();
    while !section.is_empty() {
        let mut header = Reader(section);
        let len = header.number()?;
        let found = header.number()?;
        if found != ABI_VERSION {
            return Err(RecordError::Version { found });
        }
        let mut body = Reader(header.take(len)?);
        records.push(body.record()?);
        if !body.0.is_empty() {
            return Err(RecordError::Malformed);
        }
        section = header.0;
    }
    Ok(records)
}

struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn take(&mut self, len: u32) -> Result<&'a [u8], RecordError> {
        let len = usize::try_from(len).map_err(|_| RecordError::Malformed)?;
        let (taken, rest) = self.0.split_at_checked(len).ok_or(RecordError::Malformed)?;
        self.0 = rest;
        Ok(taken)
    }

    fn number(&mut self) -> Result<u32, RecordError> {
        let bytes = self.take(4)?.try_into();
        Ok(u32::from_le_bytes(
            bytes.map_err(|_| RecordError::Malformed)?,
        ))
    }

    fn text(&mut self) -> Result<String, RecordError> {
        let len = self.number()?;
        match std::str::from_utf8(self.take(len)?) {
            Ok(text) => Ok(text.into()),
            Err(_) => Err(RecordError::Malformed),
        }
    }

    fn record(&mut self) -> Result<OwnedRecord, RecordError> {
        let flags = self.number()?;
        let (name, doc, output) = (self.text()?, self.text()?, self.text()?);
        let count = self.number()?;
        let parameters = (0..count)
            .map(|_| {
                Ok(Parameter {
                    name: self.text()?,
                    schema: self.text()?,
                })
            })
            .collect::<Result<_, _>>()?;
        Ok(OwnedRecord {
            name,
            doc,
            parameters,
            output,
            scalar: flags & FLAG_SCALAR != 0,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::{Record, RecordError, read_records};
    use crate::schema::Schema;

    const RECORD: Record = Record {
        name: "count",
        doc: "Counts words.",
        parameters: &[("text", <&str>::TYPE), ("min", u32::TYPE)],
        output: <Vec<u64>>::TYPE,
        scalar: false,
    };
    const BYTES: [u8; RECORD.len_bytes()] = RECORD.to_bytes();

    #[test]
    fn records_are_read_as_they_were_written() {
        let section = [BYTES, BYTES].concat();
        let records = read_records(&section).unwrap();
        assert_eq!(records.len(), 2);
        assert_eq!(records[0], RECORD.to_owned());
        assert!(RECORD.matches(&records[1]));
        assert_eq!(
            records[0].to_string(),
            "count(text: String, min: u32) -> Vec<u64>"
        );
    }

    #[test]
    fn another_version_is_told_apart_from_nonsense() {
        let mut bytes = BYTES;
        bytes[4] = 7;
        assert_eq!(read_records(&bytes), Err(RecordError::Version { found: 7 }));
        for len in 1..BYTES.len() {
            assert_eq!(
                read_records(&BYTES[..len]),
                Err(RecordError::Malformed),
                "cut to {len} bytes"
            );
        }
    }

    #[test]
    fn a_count_that_lies_does_not_reserve_memory() {
        let mut bytes = BYTES;
        let count_at = BYTES.len() - (4 + 4 + 4 + 6 + 4 + 3 + 4 + 3);
        bytes[count_at..count_at + 4].copy_from_slice(&u32::MAX.to_le_bytes());
        assert_eq!(read_records(&bytes), Err(RecordError::Malformed));
    }
}

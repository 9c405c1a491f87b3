//! What a guest leaves behind when it panics.

/// Size of a panic report in guest memory, in bytes; a longer message is cut.
pub const PANIC_REPORT_BYTES: usize = 4096;

/// Four little-endian `u32`: line, column, length of the file name, length of the message.
const HEADER_BYTES: usize = 16;

/// The message and the place of a guest's panic.
///
/// A wasm guest has no way to hand a panic to anybody: it traps. So its panic hook writes this
/// report to a static buffer first, and the host reads it there after the trap.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PanicReport {
    /// The panic's message.
    pub message: String,
    /// The source file, as the compiler was given it.
    pub file: String,
    /// Line in `file`, from 1.
    pub line: u32,
    /// Column in the line, from 1.
    pub column: u32,
}

impl PanicReport {
    /// Writes the header and the file name to `buffer`, lets `message` write what fits, and
    /// returns nothing: a report is best effort. `message` is given the rest of the buffer and
    /// returns how much of it it used.
    pub fn write(
        buffer: &mut [u8; PANIC_REPORT_BYTES],
        file: &str,
        line: u32,
        column: u32,
        message: impl FnOnce(&mut [u8]) -> usize,
    ) {
        let (header, rest) = buffer.split_at_mut(HEADER_BYTES);
        let file = &file.as_bytes()[..file.len().min(rest.len() / 2)];
        let (file_space, message_space) = rest.split_at_mut(file.len());
        file_space.copy_from_slice(file);
        let message_len = message(message_space).min(message_space.len());
        let words = [
            line,
            column,
            u32::try_from(file.len()).unwrap_or(0),
            u32::try_from(message_len).unwrap_or(0),
        ];
        for (place, word) in header.chunks_exact_mut(4).zip(words) {
            place.copy_from_slice(&word.to_le_bytes());
        }
    }

    /// Returns the report in `buffer`, or `None` where there is none or where it makes no sense.
    #[must_use]
    pub fn read(buffer: &[u8]) -> Option<Self> {
        let word = |index: usize| {
            let bytes = buffer.get(index * 4..index * 4 + 4)?;
            Some(u32::from_le_bytes(bytes.try_into().ok()?))
        };
        let (line, column) = (word(0)?, word(1)?);
        let file_len = usize::try_from(word(2)?).ok()?;
        let message_len = usize::try_from(word(3)?).ok()?;
        let file_end = HEADER_BYTES.checked_add(file_len)?;
        let message_end = file_end.checked_add(message_len)?;
        let text = |bytes| String::from_utf8_lossy(bytes).into_owned();
        (line > 0 && message_end <= PANIC_REPORT_BYTES).then_some(())?;
        Some(Self {
            file: text(buffer.get(HEADER_BYTES..file_end)?),
            message: text(buffer.get(file_end..message_end)?),
            line,
            column,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::{PANIC_REPORT_BYTES, PanicReport};

    #[test]
    fn a_report_is_read_as_it_was_written() {
        let mut buffer = [0; PANIC_REPORT_BYTES];
        assert_eq!(PanicReport::read(&buffer), None, "no panic, no report");
        PanicReport::write(&mut buffer, "src/lib.rs", 3, 7, |space| {
            space[..4].copy_from_slice(b"boom");
            4
        });
        let report = PanicReport::read(&buffer).unwrap();
        assert_eq!((report.file.as_str(), report.line), ("src/lib.rs", 3));
        assert_eq!((report.message.as_str(), report.column), ("boom", 7));
    }

    #[test]
    fn lengths_that_lie_are_refused() {
        let mut buffer = [0xFF; PANIC_REPORT_BYTES];
        assert_eq!(PanicReport::read(&buffer), None);
        buffer[8..16].fill(0);
        assert_eq!(PanicReport::read(&buffer).unwrap().message, "");
        assert_eq!(PanicReport::read(&buffer[..15]), None);
    }

    #[test]
    fn a_long_message_is_cut() {
        let mut buffer = [0; PANIC_REPORT_BYTES];
        PanicReport::write(&mut buffer, "f", 1, 1, |space| {
            space.fill(b'x');
            space.len() + 1
        });
        let report = PanicReport::read(&buffer).unwrap();
        assert_eq!(report.message.len(), PANIC_REPORT_BYTES - 17);
    }
}

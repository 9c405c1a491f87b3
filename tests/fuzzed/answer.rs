//! Any bytes as what a guest hands back.

use sandpool_abi::codec::{ByteBuf, decode, encode};
use sandpool_abi::{
    ABI_VERSION, Failure, Outcome, PANIC_REPORT_BYTES, PanicReport, RecordError, read_records,
};

use crate::fuzzed::shapes::{Arrays, Borrowed, Choice, Lists, Maps, Mixed, NoSize, Options, Tree};

/// Reads the bytes as an answer, as values of many types, as a panic report and as records.
///
/// # Panics
///
/// If a value is not the same after it was encoded and decoded once more, or if more comes out than
/// was in the bytes.
pub fn answer(bytes: &[u8]) {
    outcome(bytes);
    values(bytes);
    report(bytes);
    records(bytes);
}

fn outcome(bytes: &[u8]) {
    match Outcome::read(bytes) {
        Ok(Outcome::Value(value)) => assert_eq!(value, &bytes[1..]),
        Ok(Outcome::Bytes(span)) => {
            assert_eq!(bytes[1..], span.to_u64().to_le_bytes());
        }
        Ok(Outcome::Failed(Failure { message, causes })) => {
            let text: usize = causes.iter().map(String::len).sum();
            assert!(message.len() + text + causes.len() < bytes.len());
        }
        Ok(Outcome::BadArguments(text) | Outcome::BadResult(text)) => {
            assert!(text.len() <= most_of_text(bytes));
        }
        Err(error) => assert!(!error.to_string().is_empty()),
    }
}

/// A byte that is no UTF-8 becomes a character of three.
fn most_of_text(bytes: &[u8]) -> usize {
    3 * bytes.len()
}

/// What can be decoded is the same after it was encoded; the bytes need not be, as a number has several
/// encodings.
macro_rules! survive {
    ($bytes:expr, $($ty:ty),* $(,)?) => {$(
        if let Ok(value) = decode::<$ty>($bytes) {
            let once = encode(&value).expect("it was decoded");
            assert!(once.len() <= $bytes.len(), "{}", stringify!($ty));
            match decode::<$ty>(&once) {
                Ok(again) => assert_eq!(encode(&again), Ok(once), "{}", stringify!($ty)),
                // Fewer bytes may have fewer elements of no size.
                Err(error) => assert!(error.to_string().contains("more elements"), "{error}"),
            }
        }
    )*};
}

fn values(bytes: &[u8]) {
    survive!(
        bytes,
        Lists,
        Maps,
        Options,
        NoSize,
        Arrays,
        Tree,
        Vec<Choice>,
        Mixed,
        ByteBuf,
        Borrowed<'_>,
        String,
        f64,
        (u8, i16, u32, i64, u128),
        Failure,
    );
}

fn report(bytes: &[u8]) {
    if let Some(report) = PanicReport::read(bytes) {
        assert!(report.line > 0);
        let most = most_of_text(bytes).min(3 * PANIC_REPORT_BYTES);
        assert!(report.message.len() + report.file.len() <= most);
    }
}

fn records(bytes: &[u8]) {
    /// A length, a version, flags, three texts and the number of parameters.
    const LEAST_BYTES: usize = 7 * 4;
    match read_records(bytes) {
        Ok(records) => {
            assert!(records.len() * LEAST_BYTES <= bytes.len());
            for record in records {
                assert!(record.to_string().len() <= bytes.len());
            }
        }
        Err(RecordError::Version { found }) => assert_ne!(found, ABI_VERSION),
        Err(RecordError::Malformed) => assert!(!bytes.is_empty()),
    }
}

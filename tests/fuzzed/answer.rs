//! Any bytes as what a guest hands over: its answer, its panic report, its records.

use std::collections::BTreeMap;

use sandpool_abi::codec::{ByteBuf, decode};
use sandpool_abi::{Outcome, PanicReport, Span, read_records};
use serde::Deserialize;

/// Reads the bytes as each of the things that a guest hands over, and a value as each of many types.
///
/// # Panics
///
/// If what is read has more in it than so many bytes can tell.
pub fn answer(bytes: &[u8]) {
    if let Ok(Outcome::Value(value)) = Outcome::read(bytes) {
        assert_eq!(value.len() + 1, bytes.len());
        decoded(value);
    }
    decoded(bytes);
    if let Some(report) = PanicReport::read(bytes) {
        // What is no UTF-8 is replaced by three bytes for each.
        assert!(report.message.len() + report.file.len() <= 3 * bytes.len());
    }
    if let Ok(records) = read_records(bytes) {
        assert!(records.len() <= bytes.len());
    }
    if let Some(packed) = bytes.first_chunk() {
        let span = Span::from_u64(u64::from_le_bytes(*packed));
        if let Some(range) = span.range(bytes.len()) {
            assert!(bytes.get(range).is_some());
        }
    }
}

#[derive(Deserialize)]
#[expect(dead_code, reason = "only decoded")]
enum Shape {
    Point,
    Circle(f64),
    Square { side: u32, name: Option<String> },
    Group(Vec<Shape>),
    Boxed(Box<Shape>),
}

fn decoded(bytes: &[u8]) {
    let numbers: Result<Vec<u64>, _> = decode(bytes);
    if let Ok(numbers) = numbers {
        assert!(numbers.len() < bytes.len(), "a number has a byte at least");
    }
    let _ = decode::<Vec<Vec<u8>>>(bytes);
    let _ = decode::<BTreeMap<String, Vec<Option<f32>>>>(bytes);
    let _ = decode::<Vec<Shape>>(bytes);
    let _ = decode::<ByteBuf>(bytes);
    let _ = decode::<&str>(bytes);
    let _ = decode::<(i8, i128, char, bool, f64)>(bytes);
    let _ = decode::<Result<String, Box<str>>>(bytes);
    // Elements that take no byte: there can be any number of them.
    if let Ok(nothings) = decode::<Vec<()>>(bytes) {
        let most = 1 << 20;
        assert!(
            nothings.len() <= most.max(bytes.len() * 64),
            "{}",
            nothings.len()
        );
    }
}

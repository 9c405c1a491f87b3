//! Tasks that misbehave, one behaviour each, and a few that only show how values travel.

use std::collections::BTreeMap;

use anyhow::Context;
use sandpool_guest::{Schema, task};
use serde::{Deserialize, Serialize};

pub mod names;
pub mod unruly;

sandpool_guest::module!();

/// Returns its argument.
#[task]
pub fn echo(text: String) -> String {
    text
}

/// Returns its argument, which is borrowed from the caller's bytes.
#[task]
pub fn echo_bytes(bytes: &[u8]) -> Vec<u8> {
    bytes.to_vec()
}

/// Returns its arguments: lists of all integers that are copied as a whole.
#[expect(clippy::type_complexity, reason = "one of each")]
#[task]
pub fn echo_numbers(
    i8s: &[i8],
    u16s: Vec<u16>,
    i16s: Vec<i16>,
    u32s: &[u32],
    i32s: Vec<i32>,
    u64s: Vec<u64>,
    i64s: &[i64],
) -> (
    Vec<i8>,
    Vec<u16>,
    Vec<i16>,
    Vec<u32>,
    Vec<i32>,
    Vec<u64>,
    Vec<i64>,
) {
    (
        i8s.to_vec(),
        u16s,
        i16s,
        u32s.to_vec(),
        i32s,
        u64s,
        i64s.to_vec(),
    )
}

/// Returns its arguments: numbers that are copied as a whole, and some that are not.
#[task]
pub fn echo_some(f32s: &[f32], sizes: Vec<usize>) -> (Vec<f32>, Vec<usize>) {
    (f32s.to_vec(), sizes)
}

/// Returns the numbers with the other sign, if there are some.
#[task]
pub fn negated(numbers: &[f64]) -> Result<Vec<f64>, String> {
    match numbers {
        [] => Err("there are no numbers".to_owned()),
        numbers => Ok(numbers.iter().map(|number| -number).collect()),
    }
}

/// Returns the sums of each number and those before it.
#[task]
pub fn running_sums(numbers: Vec<u32>) -> Vec<u32> {
    let with_next = |sum: &mut u32, number| {
        *sum = sum.wrapping_add(number);
        Some(*sum)
    };
    numbers.into_iter().scan(0, with_next).collect()
}

/// Adds two numbers.
#[task]
pub fn add(left: i32, right: i32) -> i32 {
    left.wrapping_add(right)
}

/// Takes nothing and returns nothing.
#[task]
pub fn nothing() {}

/// Panics with `message`.
#[task]
pub fn boom(message: &str) {
    panic!("{message}");
}

/// Panics, called with a scalar.
#[task]
pub fn index_out_of_bounds(index: u32) -> u32 {
    let numbers = std::hint::black_box([1, 2, 3]);
    numbers[index as usize]
}

/// Returns an error with two causes.
#[task]
pub fn fail(what: &str) -> anyhow::Result<u32> {
    what.parse::<u32>()
        .context("the count is no number")
        .context("the order cannot be read")
}

/// Returns an error with so many causes, each with this text.
#[task]
pub fn fail_with(text: String, causes: u32) -> anyhow::Result<()> {
    let error = anyhow::Error::msg(text.clone());
    Err((0..causes).fold(error, |error, _| error.context(text.clone())))
}

/// Never ends.
#[task]
pub fn spin() {
    loop {
        std::hint::black_box(());
    }
}

/// Never ends, and would return a number.
#[task]
pub fn spin_as_number(number: u32) -> u32 {
    while std::hint::black_box(true) {}
    number
}

/// Counts to `number`, and returns it.
#[task]
pub fn spin_until(number: u64) -> u64 {
    (0..number).fold(0, |count, _| std::hint::black_box(count) + 1)
}

/// Allocates `bytes` of memory and touches a byte of every page.
#[task]
pub fn hoard(bytes: u64) -> u64 {
    let mut memory = vec![0u8; bytes as usize];
    memory.iter_mut().step_by(4096).for_each(|byte| *byte = 1);
    std::hint::black_box(&memory)
        .iter()
        .map(|byte| u64::from(*byte))
        .sum()
}

/// Calls itself until the stack is used up, with nothing on the stack in memory.
#[task]
pub fn recurse(depth: u64) -> u64 {
    if std::hint::black_box(depth) == u64::MAX {
        return 0;
    }
    recurse(depth + 1).wrapping_mul(3) + depth
}

/// Calls itself until the stack is used up, with a buffer on the stack in memory.
#[task]
pub fn recurse_with_buffers(depth: u64) -> u64 {
    let mut buffer = [0u8; 4096];
    buffer[(depth % 4096) as usize] = 1;
    std::hint::black_box(&mut buffer);
    if depth == u64::MAX {
        return 0;
    }
    recurse_with_buffers(depth + 1) + u64::from(buffer[7])
}

/// Executes an instruction that traps.
#[task]
pub fn abort() {
    std::process::abort();
}

/// Reads memory that is not there.
#[task]
pub fn wild_read() -> u32 {
    let wild = std::hint::black_box(usize::MAX - 7) as *const u32;
    // SAFETY: none: this is the fault. The sandbox turns it into a trap.
    unsafe { wild.read_volatile() }
}

/// Counts its own calls in a static.
#[task]
pub fn count_calls() -> u32 {
    use std::sync::atomic::{AtomicU32, Ordering};
    static CALLS: AtomicU32 = AtomicU32::new(0);
    CALLS.fetch_add(1, Ordering::Relaxed) + 1
}

static REMEMBERED: std::sync::atomic::AtomicU32 = std::sync::atomic::AtomicU32::new(0);

/// Adds to a number that the sandbox remembers.
#[task]
pub fn remember(number: u32) {
    REMEMBERED.fetch_add(number, std::sync::atomic::Ordering::Relaxed);
}

/// Returns the number that the sandbox remembers.
#[task]
pub fn recall() -> u32 {
    REMEMBERED.load(std::sync::atomic::Ordering::Relaxed)
}

thread_local! {
    static TABLE: std::cell::RefCell<Vec<u32>> = const { std::cell::RefCell::new(Vec::new()) };
}

/// Fills a table that the sandbox remembers.
#[task]
pub fn fill_table(rows: u32) {
    TABLE.set(
        (0..rows)
            .map(|row| row.wrapping_mul(2_654_435_761))
            .collect(),
    );
}

/// Looks a row of the table up, and writes 0 there.
#[task]
pub fn take_row(row: u32) -> Option<u32> {
    TABLE.with_borrow_mut(|table| table.get_mut(row as usize).map(std::mem::take))
}

/// Returns `len` bytes.
#[task]
pub fn big_result(len: u32) -> Vec<u8> {
    vec![7; len as usize]
}

/// A value that cannot be encoded.
#[derive(Debug)]
pub struct Unencodable;

impl Serialize for Unencodable {
    fn serialize<S: serde::Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
        Err(serde::ser::Error::custom("cannot be encoded"))
    }
}

impl<'de> Deserialize<'de> for Unencodable {
    fn deserialize<D: serde::Deserializer<'de>>(_: D) -> Result<Self, D::Error> {
        Err(serde::de::Error::custom("cannot be decoded"))
    }
}

/// Returns a value that cannot be encoded.
#[task]
pub fn unencodable_result() -> Unencodable {
    Unencodable
}

/// Takes a value that cannot be encoded.
#[task]
pub fn unencodable_argument(_value: Unencodable) {}

/// A value that only the sandbox can decode.
#[derive(Debug, Serialize)]
pub struct PanicsInHost;

impl<'de> Deserialize<'de> for PanicsInHost {
    fn deserialize<D: serde::Deserializer<'de>>(_: D) -> Result<Self, D::Error> {
        if cfg!(not(target_family = "wasm")) {
            panic!("not in this memory");
        }
        Ok(Self)
    }
}

/// Returns a value that only the sandbox can decode.
#[task]
pub fn panics_in_host() -> PanicsInHost {
    PanicsInHost
}

/// A value that only the host can encode and decode.
#[derive(Debug)]
pub struct PanicsInGuest;

impl Serialize for PanicsInGuest {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if cfg!(target_family = "wasm") {
            panic!("cannot be encoded here");
        }
        serializer.serialize_unit()
    }
}

impl<'de> Deserialize<'de> for PanicsInGuest {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        if cfg!(target_family = "wasm") {
            panic!("cannot be decoded here");
        }
        <()>::deserialize(deserializer).map(|()| Self)
    }
}

/// Panics while its arguments are decoded, the bytes first.
#[task]
pub fn panics_at_decoding(_bytes: Vec<u8>, _value: PanicsInGuest) {}

/// Panics while its result is encoded, which has `len` bytes before that.
#[task]
pub fn panics_at_encoding(len: u32) -> (Vec<u8>, PanicsInGuest) {
    (vec![7; len as usize], PanicsInGuest)
}

/// A line of an order.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Schema)]
#[serde(rename_all = "camelCase")]
pub struct Line {
    /// What is ordered.
    pub article_name: String,
    /// How many of it.
    pub count: u32,
    /// The price of one.
    pub price: Price,
}

/// A price.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Schema)]
pub enum Price {
    /// Costs nothing.
    Free,
    /// Costs this much.
    Cents(u64),
    /// Costs this much for so many.
    Staggered {
        /// So many.
        count: u32,
        /// This much.
        cents: u64,
    },
}

/// A type without a schema.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Plain {
    /// A number.
    pub number: i64,
}

/// Returns its arguments: a slice of structs, a map, and a reference to a type without a schema.
#[task]
pub fn echo_values(
    lines: &[Line],
    map: BTreeMap<String, Vec<Option<f32>>>,
    plain: &Plain,
) -> (Vec<Line>, BTreeMap<String, Vec<Option<f32>>>, Plain) {
    (lines.to_vec(), map, plain.clone())
}

/// Returns what it is given, as long as that is a number.
#[task]
pub fn checked(value: f64) -> Result<f64, String> {
    if value.is_nan() {
        return Err("not a number".to_owned());
    }
    Ok(value)
}

#[cfg(test)]
mod tests {
    #[test]
    fn tasks_are_still_functions() {
        assert_eq!(super::add(2, 3), 5);
        assert_eq!(super::echo("x".to_owned()), "x");
        assert!(super::fail("x").is_err());
        assert_eq!([1, 2].map(|n| super::add(n, 1)), [2, 3]);
    }
}

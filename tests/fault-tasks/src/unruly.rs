//! Tasks that misbehave as only compiled code does: in destructors, formatters, serializers and collections.

use std::collections::HashMap;
use std::fmt;
use std::hint::black_box;

use sandpool_guest::task;
use serde::{Serialize, Serializer};

/// Cannot be shown.
struct Unshowable;

impl fmt::Display for Unshowable {
    fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
        panic!("not to be shown");
    }
}

/// Panics with a message that panics when it is shown.
#[task]
pub fn panic_in_a_panic() {
    panic!("{Unshowable}");
}

/// Panics when a value is dropped because of a panic.
#[task]
pub fn panic_in_a_destructor() {
    struct Bomb;
    impl Drop for Bomb {
        fn drop(&mut self) {
            panic!("dropped");
        }
    }
    let _bomb = black_box(Bomb);
}

/// Panics with a message of a million bytes.
#[task]
pub fn panic_at_length() {
    panic!("{}", "long ".repeat(200_000));
}

/// Panics with a message that shows for ever, and is kept until the memory is used up.
#[task]
pub fn panic_without_end() {
    panic!("{}", Endless);
}

/// Panics with a message that shows for ever and says nothing, so that it takes time alone.
#[task]
pub fn panic_without_a_word() {
    struct Silent;
    impl fmt::Display for Silent {
        fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
            loop {
                black_box(());
            }
        }
    }
    panic!("{Silent}");
}

struct Endless;

impl fmt::Display for Endless {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        loop {
            // What does not fit is no error to go on with.
            let _ = f.write_str("and so on ");
        }
    }
}

/// Fails with an error that shows for ever.
#[task]
pub fn fail_without_end() -> Result<(), EndlessError> {
    Err(EndlessError)
}

/// An error that shows for ever.
#[derive(Debug)]
pub struct EndlessError;

impl fmt::Display for EndlessError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Endless.fmt(f)
    }
}

impl std::error::Error for EndlessError {}

/// Fails with an error that is its own cause.
#[task]
pub fn fail_with_endless_causes() -> Result<(), Circular> {
    Err(Circular)
}

/// An error that is its own cause.
#[derive(Debug)]
pub struct Circular;

impl fmt::Display for Circular {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("round and round")
    }
}

impl std::error::Error for Circular {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(self)
    }
}

/// Collects a sequence without end.
#[task]
pub fn collect_without_end() -> u64 {
    let numbers: Vec<u64> = (0..u64::MAX).filter(|n| black_box(*n) < u64::MAX).collect();
    numbers.iter().sum()
}

/// Puts numbers into a map without end.
#[task]
pub fn map_without_end() -> u64 {
    let mut map = HashMap::new();
    for number in 0.. {
        map.insert(number, [number; 8]);
    }
    map.len() as u64
}

/// Leaks memory without end, a little each time.
#[task]
pub fn leak_without_end() {
    loop {
        std::mem::forget(black_box(vec![0u8; 100]));
    }
}

/// Drops a list so long that its destructor, which calls itself, uses up the stack.
#[task]
pub fn drop_a_long_list() {
    struct Link(#[expect(dead_code, reason = "is dropped")] Option<Box<Link>>);
    let mut list = None;
    for _ in 0..200_000 {
        list = Some(Box::new(Link(list)));
    }
    drop(black_box(list));
}

/// Returns what panics when it is encoded.
#[task]
pub fn encode_with_a_panic() -> Unwilling {
    Unwilling
}

/// Panics when it is encoded.
#[derive(Debug)]
pub struct Unwilling;

impl Serialize for Unwilling {
    fn serialize<S: Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
        panic!("will not be encoded");
    }
}

impl<'de> serde::Deserialize<'de> for Unwilling {
    fn deserialize<D: serde::Deserializer<'de>>(_: D) -> Result<Self, D::Error> {
        Ok(Self)
    }
}

/// Returns what is encoded without end.
#[task]
pub fn encode_without_end() -> Unending {
    Unending
}

/// Is encoded as a text that never ends.
#[derive(Debug)]
pub struct Unending;

impl Serialize for Unending {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&Endless)
    }
}

impl<'de> serde::Deserialize<'de> for Unending {
    fn deserialize<D: serde::Deserializer<'de>>(_: D) -> Result<Self, D::Error> {
        Ok(Self)
    }
}

//! Types of every shape that a value can have.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

/// A struct with something of everything.
#[derive(Serialize, Deserialize)]
pub(super) struct Mixed {
    number: f64,
    small: i8,
    large: i128,
    letter: char,
    flag: bool,
    text: String,
    nested: Option<Box<Mixed>>,
    list: Vec<Choice>,
}

/// Variants of every kind.
#[derive(Serialize, Deserialize)]
pub(super) enum Choice {
    Nothing,
    Number(f64),
    Pair(u16, Option<String>),
    Named { name: String, weight: Option<f32> },
}

/// A type that holds itself in every way in which it can.
#[derive(Serialize, Deserialize)]
pub(super) enum Tree {
    Leaf,
    Boxed(Box<Tree>),
    Maybe(Option<Box<Tree>>),
    List(Vec<Tree>),
    Map(BTreeMap<u8, Tree>),
    Wrapped(Wrapped),
    Pair { left: Box<Tree>, right: Box<Tree> },
}

/// A level that takes no byte.
#[derive(Serialize, Deserialize)]
pub(super) struct Wrapped(Box<Tree>);

/// A value of no size.
#[derive(Serialize, Deserialize, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Empty;

/// A text that is borrowed from the bytes, and bytes that are.
#[derive(Serialize, Deserialize)]
pub(super) struct Borrowed<'a> {
    #[serde(borrow)]
    text: &'a str,
    #[serde(borrow)]
    bytes: &'a sandpool_abi::codec::Bytes,
}

pub(super) type Lists = Vec<Vec<Vec<u64>>>;
pub(super) type Maps = BTreeMap<String, BTreeMap<u32, Vec<Option<f32>>>>;
pub(super) type Options = Option<Option<Option<Vec<bool>>>>;
pub(super) type NoSize = (
    Vec<()>,
    Vec<Vec<Empty>>,
    BTreeMap<Empty, ()>,
    BTreeSet<Empty>,
);
pub(super) type Arrays = Vec<([u16; 4], [[Empty; 32]; 32], (), char)>;

//! Modules that would be too large as a text.

use std::fmt::Write;

use sandpool::Limits;

use crate::case::{Case, End, submit};
use crate::written::{misbehave, recorded};

pub(crate) fn cases() -> Vec<Case> {
    let refused = |error: &str| End::Refused(error.to_owned());
    let served = || End::Ends("Value".to_owned());
    let whole = fault_tasks::MODULE;
    let noise =
        |seed: u8| (0..5000_u32).map(move |n| (n.wrapping_mul(2_654_435_769) >> 13) as u8 ^ seed);
    vec![
        case("empty", Vec::new(), refused("Empty")),
        case(
            "header_only",
            b"\0asm\x01\0\0\0".to_vec(),
            refused("NoTasks"),
        ),
        case(
            "another_version_of_wasm",
            b"\0asm\x02\0\0\0".to_vec(),
            refused("Invalid"),
        ),
        case("noise", noise(0).collect(), refused("NotWasm")),
        case(
            "noise_behind_a_header",
            b"\0asm\x01\0\0\0".iter().copied().chain(noise(1)).collect(),
            refused("Invalid"),
        ),
        case(
            "cut_off",
            whole[..whole.len() / 2].to_vec(),
            refused("Invalid"),
        ),
        case(
            "more_behind_its_end",
            [whole, b"\0asm\x01\0\0\0"].concat(),
            refused("Invalid"),
        ),
        case(
            "bytes_65_million",
            [whole, &vec![0; 65 << 20]].concat(),
            refused("TooLarge"),
        ),
        slow(
            "functions_100_001",
            many(100_001, |_| "(func)".to_owned()),
            refused("TooManyFunctions"),
        ),
        slow(
            "functions_5_000",
            many(5_000, |_| "(func)".to_owned()),
            served(),
        ),
        slow(
            "types_10_001",
            many(10_001, |n| format!("(type (func (param {})))", bits(n))),
            refused("TooComplex"),
        ),
        slow(
            "types_1_000",
            many(1_000, |n| format!("(type (func (param {})))", bits(n))),
            served(),
        ),
        slow(
            "globals_20_000",
            many(20_000, |n| format!("(global i32 (i32.const {n}))")),
            served(),
        ),
        slow(
            "segments_10_000",
            many(10_000, |n| {
                format!("(data (i32.const {}) \"x\")", 20_000 + n)
            }),
            served(),
        ),
        case(
            "locals_40_000",
            function(&locals(40_000), ""),
            refused("TooComplex"),
        ),
        slow(
            "locals_at_branches",
            function(&locals(5_000), &branches(5_000)),
            refused("TooComplex"),
        ),
        slow(
            "locals_and_branches_as_honest_code_has",
            function(&locals(1_001), &branches(500)),
            served(),
        ),
        slow(
            "branch_table_of_110_000",
            branch_table(110_000),
            refused("TooComplex"),
        ),
        slow("branch_table_of_20_000", branch_table(20_000), served()),
        slow(
            "body_of_2_million_bytes",
            function("", &"(drop (i32.const 1))".repeat(700_000)),
            refused("TooComplex"),
        ),
        slow(
            "body_of_100_000_bytes",
            function("", &"(drop (i32.popcnt (i32.const 1)))".repeat(25_000)),
            served(),
        ),
        slow(
            "blocks_50_000_deep",
            function("", &nested(50_000)),
            refused("TooComplex"),
        ),
        slow("blocks_3_000_deep", function("", &nested(3_000)), served()),
        slow(
            "data_of_32_million_bytes",
            module_of(
                600,
                &format!("(data (i32.const 65536) \"{}\")", "x".repeat(32 << 20)),
            ),
            served(),
        ),
    ]
}

fn case(name: &str, wasm: Vec<u8>, end: End) -> Case {
    Case {
        name: name.to_owned(),
        wasm,
        limits: Limits::new(),
        end,
        says: None,
        submit: |pool| submit(pool, misbehave, Vec::new()),
        is_slow: false,
    }
}

fn slow(name: &str, wasm: Vec<u8>, end: End) -> Case {
    Case {
        is_slow: true,
        ..case(name, wasm, end)
    }
}

/// A module whose task is honest, and that has so many of something.
fn many(number: usize, one: impl Fn(usize) -> String) -> Vec<u8> {
    let all: String = (0..number).map(one).collect();
    module(&all)
}

/// A module with one more function.
fn function(locals: &str, body: &str) -> Vec<u8> {
    module(&format!("(func (param $p i32) {locals} {body})"))
}

fn module(more: &str) -> Vec<u8> {
    module_of(1, more)
}

/// A module with so many pages of memory.
fn module_of(pages: usize, more: &str) -> Vec<u8> {
    let text = format!(
        r#"(module
            (memory (export "memory") {pages})
            (global (export "SANDPOOL_PANIC") i32 (i32.const 4096))
            (func (export "sandpool_alloc") (param i32) (result i32) (i32.const 1024))
            (func (export "sandpool.task.misbehave") (param i32 i32 i32) (result i64) (i64.const 0x2_0000_0010))
            (data (i32.const 16) "\00\00")
            {more})"#
    );
    recorded(wat::parse_str(text).expect("the text is a module"))
}

/// Parameters of which no two numbers have the same.
fn bits(number: usize) -> String {
    let types = (0..16).map(|bit| match number >> bit & 1 {
        1 => "i64 ",
        _ => "i32 ",
    });
    types.collect()
}

fn locals(number: usize) -> String {
    format!("(local {})", "i64 ".repeat(number))
}

/// Loops, in each of which another local changes.
fn branches(number: usize) -> String {
    let mut body = String::new();
    for index in 0..number {
        let local = 1 + index % 1_000;
        let _ = write!(
            body,
            "(loop (local.set {local} (i64.add (local.get {local}) (i64.const 1))) (br_if 0 (local.get $p)))"
        );
    }
    body
}

fn branch_table(targets: usize) -> Vec<u8> {
    function(
        "",
        &format!(
            "(block $b (br_table {} (local.get $p)))",
            "$b ".repeat(targets)
        ),
    )
}

fn nested(depth: usize) -> String {
    format!(
        "{}{}",
        "(block (loop ".repeat(depth / 2),
        "))".repeat(depth / 2)
    )
}

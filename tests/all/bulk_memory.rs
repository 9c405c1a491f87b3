//! Filling and copying memory does what WebAssembly says, however much it is at once.

use sandpool::{Limits, ProcessPool, TaskErrorKind, TrapKind};

use crate::by_hand::{Guest, HONEST, lie};

const PAGES: u32 = 80;
const BYTES: usize = (PAGES as usize) << 16;

/// Writes a pattern over its memory, then fills or copies as its argument says (what, where to, what or where
/// from, how much), and returns a checksum of all its memory.
const BULK: Guest = Guest {
    task: r#"
        (local $at i32) (local $sum i64) (local $what i32) (local $to i32) (local $from i32) (local $length i32)
        ;; After the length of the bytes, which is one byte.
        (local.set $what (i32.load (i32.const 33)))
        (local.set $to (i32.load (i32.const 37)))
        (local.set $from (i32.load (i32.const 41)))
        (local.set $length (i32.load (i32.const 45)))
        (loop $write
            (i32.store (local.get $at) (i32.mul (local.get $at) (i32.const 0x9E3779B1)))
            (local.set $at (i32.add (local.get $at) (i32.const 4)))
            (br_if $write (i32.lt_u (local.get $at) (i32.const 5242880))))
        (if (local.get $what)
            (then (memory.copy (local.get $to) (local.get $from) (local.get $length)))
            (else (memory.fill (local.get $to) (local.get $from) (local.get $length))))
        (local.set $at (i32.const 0))
        (loop $read
            (local.set $sum (i64.add
                (i64.mul (local.get $sum) (i64.const 0x100000001b3))
                (i64.load32_u (local.get $at))))
            (local.set $at (i32.add (local.get $at) (i32.const 4)))
            (br_if $read (i32.lt_u (local.get $at) (i32.const 5242880))))
        ;; A value: a list of one list of eight bytes.
        (i32.store (i32.const 0) (i32.const 0x080100))
        (i64.store (i32.const 3) (local.get $sum))
        (i64.or (i64.shl (i64.const 11) (i64.const 32)) (i64.const 0))"#,
    alloc: "i32.const 32",
    pages: PAGES,
    more: "",
    ..HONEST
};

/// What the guest computes, in Rust.
fn expected(is_copy: bool, to: usize, from: usize, length: usize) -> u64 {
    let pattern = (0..BYTES as u32).step_by(4);
    let mut memory: Vec<u8> = pattern
        .flat_map(|at| at.wrapping_mul(0x9E37_79B1).to_le_bytes())
        .collect();
    match is_copy {
        true => memory.copy_within(from..from + length, to),
        false => memory[to..to + length].fill(from as u8),
    }
    memory.chunks_exact(4).fold(0, |sum: u64, word| {
        let word = u32::from_le_bytes(word.try_into().unwrap());
        sum.wrapping_mul(0x100_0000_01B3).wrapping_add(word.into())
    })
}

fn argument(is_copy: bool, to: u32, from: u32, length: u32) -> Vec<u8> {
    let numbers = [is_copy.into(), to, from, length];
    numbers.into_iter().flat_map(u32::to_le_bytes).collect()
}

fn pool() -> ProcessPool {
    let module = BULK.builder().load().unwrap();
    let builder = ProcessPool::builder(module).workers(2);
    builder.limits(Limits::new()).build().unwrap()
}

#[test]
fn memory_is_filled_and_copied_as_in_one_piece() {
    const MIB: u32 = 1 << 20;
    let all = BYTES as u32;
    let cases = [
        (false, 0, 0xAB, all),
        (false, 1, 0x1FF, MIB),
        (false, 3, 7, MIB + 1),
        (false, 5, 9, 3 * MIB),
        (false, all, 1, 0),
        (true, 0, 0, all),
        (true, 1, 0, all - 1),
        (true, 0, 1, all - 1),
        (true, MIB + 77, 0, 3 * MIB + 5),
        (true, 0, MIB + 77, 3 * MIB + 5),
        (true, 3 * MIB, 100, MIB),
        (true, 100, 3 * MIB, MIB + 1),
        (true, all, all, 0),
    ];
    let pool = pool();
    for (is_copy, to, from, length) in cases {
        check(&pool, is_copy, to, from, length);
    }
}

#[test]
fn tiny_pieces_are_copied_as_any_other() {
    let pool = pool();
    let all = BYTES as u32;
    for length in 0..=33 {
        for (to, from) in [
            (70, 110),
            (100, 100),
            (101, 100),
            (100, 107),
            (all - length, 0),
            (0, all - length),
        ] {
            check(&pool, true, to, from, length);
        }
    }
}

/// The guest's memory is as it is to be after this.
fn check(pool: &ProcessPool, is_copy: bool, to: u32, from: u32, length: u32) {
    let argument = argument(is_copy, to, from, length);
    let sum = expected(is_copy, to as usize, from as usize, length as usize);
    assert_eq!(
        pool.submit(lie, argument).unwrap().join().unwrap(),
        [sum.to_le_bytes()],
        "{is_copy} {to} {from} {length}"
    );
}

#[test]
fn what_is_past_the_end_of_memory_is_out_of_bounds() {
    const MIB: u32 = 1 << 20;
    let all = BYTES as u32;
    let pool = pool();
    let outside = [
        (false, all - 1, 0, 2),
        (false, MIB, 0, all),
        (false, u32::MAX, 0, 1),
        (false, u32::MAX, 0, u32::MAX),
        (true, 0, MIB, all),
        (true, MIB, 0, all),
        (true, 0, u32::MAX, 2 * MIB),
        (true, u32::MAX - MIB, 0, 2 * MIB),
    ];
    let tiny = (0..=33).flat_map(|length| {
        [all - length + 1, u32::MAX - length, u32::MAX]
            .into_iter()
            .flat_map(move |at| [(true, at, 0, length), (true, 0, at, length)])
    });
    for (is_copy, to, from, length) in outside.into_iter().chain(tiny) {
        let handle = pool
            .submit(lie, argument(is_copy, to, from, length))
            .unwrap();
        let error = handle.join().unwrap_err();
        assert!(
            matches!(
                error.kind(),
                TaskErrorKind::Trapped(TrapKind::MemoryOutOfBounds)
            ),
            "{error}"
        );
        // What was added to the module is not shown.
        assert_eq!(error.backtrace().len(), 1, "{:?}", error.backtrace());
    }
}

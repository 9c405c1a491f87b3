//! Guests that call the host with lies: written by hand, as no compiler would.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use sandpool::{
    Grants, Limits, LoadError, ProcessPool, Randomness, Task, TaskError, TaskErrorKind, TaskModule,
    TrapKind,
};
use sandpool_guest::task;

use crate::by_hand::append_custom_section;

/// The host's idea of the guest's only task.
#[task]
fn lie(_bytes: &[u8]) -> u8 {
    0
}

const RECORD: sandpool_abi::Record = <lie as Task>::RECORD;
const RECORD_BYTES: [u8; RECORD.len_bytes()] = RECORD.to_bytes();

const IMPORTS: &str = r#"
    (import "sandpool" "clock" (func $clock (result i64)))
    (import "sandpool" "random" (func $random (param i32 i32)))
    (import "sandpool" "log" (func $log (param i32 i32 i32)))
    (import "sandpool" "take_reply" (func $take_reply (param i32)))
    (import "sandpool.host" "twice" (func $twice (param i32 i32) (result i64)))
    (import "sandpool.host" "list" (func $list (param i32 i32) (result i64)))"#;

/// A module of one page whose task does this. At 16 is the answer 9, at 32 and 48 are arguments.
fn wasm(imports: &str, task: &str) -> Vec<u8> {
    let text = format!(
        r#"(module
            {imports}
            (memory (export "memory") 1)
            (global (export "SANDPOOL_PANIC") i32 (i32.const 4096))
            (func (export "sandpool_alloc") (param i32) (result i32) i32.const 1024)
            (func $task (export "sandpool.task.lie") (param i32 i32 i32) (result i64)
                {task}
                (i64.or (i64.shl (i64.const 2) (i64.const 32)) (i64.const 16)))
            (data (i32.const 16) "\00\09")
            (data (i32.const 32) "\04text")
            (data (i32.const 48) "\ff\ff\ff\ff\ff\ff\ff\ff\ff\01"))"#
    );
    let mut wasm = wat::parse_str(text).unwrap();
    append_custom_section(&mut wasm, sandpool_abi::RECORDS_SECTION, &RECORD_BYTES);
    wasm
}

fn grants() -> Grants {
    Grants::new()
        .clock()
        .randomness(Randomness::Seeded(0))
        .log()
        .function("twice", |text: String| text.repeat(2))
        .function("list", |list: Vec<()>| list.len())
}

fn run(task: &str, grants: Grants) -> Result<u8, TaskError> {
    let builder = TaskModule::builder(wasm(IMPORTS, task)).grants(grants);
    let pool = ProcessPool::builder(builder.load().unwrap())
        .workers(1)
        .limits(Limits::new().memory_bytes(1 << 20))
        .build()
        .unwrap();
    pool.submit(lie, vec![1]).unwrap().join()
}

/// Returns the function that was called wrongly, and how.
fn bad_call(task: &str) -> (String, String) {
    let error = run(task, grants()).unwrap_err();
    match error.kind() {
        TaskErrorKind::BadHostCall { function, reason } => (function.clone(), reason.clone()),
        _ => panic!("{task}: {error}"),
    }
}

#[test]
fn an_honest_caller_written_by_hand_is_served() {
    let task = "(drop (call $clock))
        (call $random (i32.const 512) (i32.const 100))
        (call $log (i32.const 3) (i32.const 33) (i32.const 4))
        (if (i64.ne (call $twice (i32.const 32) (i32.const 5)) (i64.const 9)) (then unreachable))
        (call $take_reply (i32.const 600))
        (if (i32.ne (i32.load8_u (i32.const 600)) (i32.const 8)) (then unreachable))
        (if (i32.ne (i32.load (i32.const 605)) (i32.load (i32.const 33))) (then unreachable))";
    assert_eq!(run(task, grants()).unwrap(), 9);
}

#[test]
fn nothing_outside_of_memory_is_read_or_written() {
    for (ptr, len) in [
        ("65536", "1"),
        ("65530", "7"),
        ("-1", "1"),
        ("-1", "-1"),
        ("0", "65537"),
        ("0", "-1"),
        ("16", "-8"),
    ] {
        for (name, before, after) in [
            ("random", "", ""),
            ("log", "(i32.const 1)", ""),
            ("twice", "", "drop"),
        ] {
            let task =
                format!("(call ${name} {before} (i32.const {ptr}) (i32.const {len})) {after}");
            let (function, reason) = bad_call(&task);
            assert_eq!(function, name);
            assert!(
                reason.contains("not inside of the memory"),
                "{task}: {reason}"
            );
        }
    }
    for ptr in ["65536", "65528", "-1"] {
        let (function, reason) = bad_call(&format!(
            "(drop (call $twice (i32.const 32) (i32.const 5))) (call $take_reply (i32.const {ptr}))"
        ));
        assert_eq!(function, "take_reply");
        assert!(reason.contains("9 bytes at"), "{ptr}: {reason}");
    }
}

#[test]
fn an_empty_span_at_the_end_of_memory_is_a_span() {
    let task = "(call $random (i32.const 65536) (i32.const 0))
        (call $log (i32.const 1) (i32.const 65536) (i32.const 0))";
    assert_eq!(run(task, grants()).unwrap(), 9);
}

#[test]
fn a_reply_is_taken_once_and_by_who_has_one() {
    let (function, reason) = bad_call("(call $take_reply (i32.const 600))");
    assert_eq!(function, "take_reply");
    assert!(reason.contains("no reply"), "{reason}");
    let call = "(drop (call $twice (i32.const 32) (i32.const 5)))";
    let take = "(call $take_reply (i32.const 600))";
    let (_, reason) = bad_call(&format!("{call} {take} {take}"));
    assert!(reason.contains("no reply"), "{reason}");
    // The reply of the second call has taken the place of the first one.
    let (_, reason) = bad_call(&format!("{call} {call} {take} {take}"));
    assert!(reason.contains("no reply"), "{reason}");
    assert_eq!(run(&format!("{call} {call} {take}"), grants()).unwrap(), 9);
    // One that nobody takes is nobody's.
    assert_eq!(run(call, grants()).unwrap(), 9);
}

#[test]
fn arguments_that_are_no_value_are_not_handed_to_the_closure() {
    let calls = Arc::new(AtomicUsize::new(0));
    for (name, ptr, len, says) in [
        ("twice", 32, 4, "end"),
        ("twice", 32, 6, "left over"),
        ("twice", 32, 0, "end"),
        ("twice", 48, 10, "end"),
        // 2^64 - 1 elements of no size.
        ("list", 48, 10, "more elements"),
    ] {
        let own = Arc::clone(&calls);
        let grants = grants().function("twice", move |text: String| {
            own.fetch_add(1, Ordering::SeqCst);
            text
        });
        let task = format!("(drop (call ${name} (i32.const {ptr}) (i32.const {len})))");
        let error = run(&task, grants).unwrap_err();
        let TaskErrorKind::BadHostCall { function, reason } = error.kind() else {
            panic!("{task}: {error}");
        };
        assert_eq!(function, name);
        assert!(reason.contains(says), "{task}: {reason}");
    }
    assert_eq!(calls.load(Ordering::SeqCst), 0);
}

#[test]
fn a_level_that_there_is_not_is_a_bad_call() {
    for level in ["0", "6", "-1"] {
        let task = format!("(call $log (i32.const {level}) (i32.const 33) (i32.const 4))");
        let (function, reason) = bad_call(&task);
        assert_eq!(function, "log");
        assert!(reason.contains("no level"), "{reason}");
    }
}

#[test]
fn text_that_is_none_is_logged_all_the_same() {
    let task = "(call $log (i32.const 1) (i32.const 48) (i32.const 10))
        (call $log (i32.const 5) (i32.const 0) (i32.const 65536))";
    assert_eq!(run(task, grants()).unwrap(), 9);
}

#[test]
fn no_call_of_the_host_comes_back_into_the_guest() {
    // What a host could call to put its reply somewhere traps when it is called for the second time.
    let text = format!(
        r#"(module
            {IMPORTS}
            (memory (export "memory") 1)
            (global $called (mut i32) (i32.const 0))
            (global (export "SANDPOOL_PANIC") i32 (i32.const 4096))
            (func (export "sandpool_alloc") (param i32) (result i32)
                (if (global.get $called) (then unreachable))
                (global.set $called (i32.const 1))
                i32.const 1024)
            (func (export "sandpool.task.lie") (param i32 i32 i32) (result i64)
                (drop (call $twice (i32.const 32) (i32.const 5)))
                (call $take_reply (i32.const 600))
                (i64.or (i64.shl (i64.const 2) (i64.const 32)) (i64.const 16)))
            (data (i32.const 16) "\00\09")
            (data (i32.const 32) "\04text"))"#
    );
    let mut wasm = wat::parse_str(text).unwrap();
    append_custom_section(&mut wasm, sandpool_abi::RECORDS_SECTION, &RECORD_BYTES);
    let builder = TaskModule::builder(wasm).grants(grants());
    let pool = ProcessPool::new(builder.load().unwrap()).unwrap();
    assert_eq!(pool.submit(lie, vec![1]).unwrap().join().unwrap(), 9);
}

#[test]
fn recursion_through_the_hosts_functions_ends_as_recursion_does() {
    let task = "(drop (call $twice (i32.const 32) (i32.const 5)))
        (drop (call $task (local.get 0) (local.get 1) (local.get 2)))";
    let error = run(task, grants()).unwrap_err();
    assert!(
        matches!(error.kind(), TaskErrorKind::StackOverflow { .. }),
        "{error}"
    );
    let error = run("unreachable", grants()).unwrap_err();
    assert!(
        matches!(error.kind(), TaskErrorKind::Trapped(TrapKind::Unreachable)),
        "{error}"
    );
}

#[test]
fn an_import_of_another_type_is_not_loaded() {
    for import in [
        r#"(import "sandpool" "clock" (func (result i32)))"#,
        r#"(import "sandpool" "clock" (func (param i32) (result i64)))"#,
        r#"(import "sandpool" "random" (func (param i32)))"#,
        r#"(import "sandpool" "log" (memory 1))"#,
        r#"(import "sandpool.host" "twice" (func (param i64 i64) (result i64)))"#,
        r#"(import "sandpool.host" "twice" (global i32))"#,
    ] {
        let memory = import.contains("memory");
        let text = format!(
            r#"(module
                {import}
                {}
                (global (export "SANDPOOL_PANIC") i32 (i32.const 4096))
                (func (export "sandpool_alloc") (param i32) (result i32) i32.const 1024)
                (func (export "sandpool.task.lie") (param i32 i32 i32) (result i64) i64.const 0))"#,
            match memory {
                true => r#"(export "memory" (memory 0))"#,
                false => r#"(memory (export "memory") 1)"#,
            }
        );
        let mut wasm = wat::parse_str(text).unwrap();
        append_custom_section(&mut wasm, sandpool_abi::RECORDS_SECTION, &RECORD_BYTES);
        let error = TaskModule::builder(wasm)
            .grants(grants())
            .load()
            .unwrap_err();
        assert!(matches!(error, LoadError::Invalid(_)), "{import}: {error}");
    }
}

#[test]
fn a_name_that_nobody_has_is_refused() {
    let import = r#"(import "sandpool" "sockets" (func))"#;
    let builder = TaskModule::builder(wasm(import, "")).grants(grants());
    let error = builder.load().unwrap_err();
    assert!(matches!(error, LoadError::Import { .. }), "{error}");
}

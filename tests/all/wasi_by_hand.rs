//! Programs for WASI written by hand: what no compiler would do.

use std::time::Duration;

use sandpool::{
    Grants, Limits, LoadError, ProcessPool, TaskError, TaskErrorKind, TaskModule, TrapKind, Wasi,
};

const IMPORTS: &str = r#"
    (import "wasi_snapshot_preview1" "fd_read" (func $read (param i32 i32 i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
    (import "wasi_snapshot_preview1" "random_get" (func $random (param i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "poll_oneoff" (func $poll (param i32 i32 i32 i32) (result i32)))"#;

/// A program that does this. At 0 is a vector of what is read or written: 8 bytes from 16 on.
fn program(start: &str) -> Vec<u8> {
    let text = format!(
        r#"(module
            {IMPORTS}
            (memory (export "memory") 1)
            (data (i32.const 0) "\10\00\00\00\08\00\00\00")
            (func (export "_start") {start}))"#
    );
    wat::parse_str(text).unwrap()
}

fn pool(wasm: &[u8]) -> ProcessPool {
    let builder = TaskModule::builder(wasm).grants(Grants::new().wasi(Wasi::new()));
    ProcessPool::builder(builder.load().unwrap())
        .workers(1)
        .build()
        .unwrap()
}

fn run(start: &str, stdin: &[u8]) -> Result<Vec<u8>, TaskError> {
    pool(&program(start))
        .submit_bytes("_start", stdin)
        .unwrap()
        .join()
}

const COPY: &str = "(drop (call $read (i32.const 0) (i32.const 0) (i32.const 1) (i32.const 64)))
    (i32.store (i32.const 4) (i32.load (i32.const 64)))
    (drop (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 64)))";

#[test]
fn a_program_written_by_hand_is_run() {
    assert_eq!(run(COPY, b"abc").unwrap(), b"abc");
    assert_eq!(run(COPY, b"abcdefghij").unwrap(), b"abcdefgh");
    assert_eq!(
        run(&format!("{COPY} (call $exit (i32.const 0))"), b"x").unwrap(),
        b"x"
    );
    let error = run(&format!("{COPY} (call $exit (i32.const -3))"), b"x").unwrap_err();
    let TaskErrorKind::Failed(failure) = error.kind() else {
        panic!("{error}");
    };
    assert_eq!(failure.exit_code(), Some(-3));
}

#[test]
fn a_program_that_traps_without_a_word_has_trapped() {
    let error = run("unreachable", b"").unwrap_err();
    assert!(
        matches!(error.kind(), TaskErrorKind::Trapped(TrapKind::Unreachable)),
        "{error}"
    );
}

#[test]
fn pointers_out_of_memory_end_the_program() {
    for call in [
        "(call $random (i32.const 65530) (i32.const 100))",
        "(call $random (i32.const -1) (i32.const -1))",
        "(call $poll (i32.const 65530) (i32.const 100) (i32.const 1) (i32.const 0))",
        "(call $poll (i32.const 128) (i32.const 65530) (i32.const 1) (i32.const 0))",
        "(call $poll (i32.const 128) (i32.const 512) (i32.const 1) (i32.const 65534))",
        "(call $write (i32.const 1) (i32.const 65536) (i32.const 1) (i32.const 64))",
        "(call $read (i32.const 0) (i32.const 0) (i32.const 1) (i32.const 65536))",
    ] {
        let error = run(&format!("(drop {call})"), b"x").unwrap_err();
        assert!(
            matches!(error.kind(), TaskErrorKind::BadHostCall { .. }),
            "{call}: {error}"
        );
    }
}

/// Exits with what the call returns.
fn errno(call: &str) -> i32 {
    let error = match run(&format!("(call $exit {call})"), b"") {
        Ok(_) => return 0,
        Err(error) => error,
    };
    match error.kind() {
        TaskErrorKind::Failed(failure) => failure.exit_code().unwrap(),
        _ => panic!("{error}"),
    }
}

#[test]
fn what_makes_no_sense_to_wait_for_is_an_error_number() {
    const INVALID: i32 = 28;
    let poll = |number, at| {
        errno(&format!(
            "(call $poll (i32.const {at}) (i32.const 512) (i32.const {number}) (i32.const 64))"
        ))
    };
    assert_eq!(poll("0", 128), INVALID);
    assert_eq!(poll("-1", 128), INVALID);
    assert_eq!(poll("5000", 128), INVALID);
    // Zeros: the real-time clock, at once.
    assert_eq!(poll("1", 128), 0);
    // The kind 16, from the vector at 0.
    let strange = "(i32.store8 (i32.const 136) (i32.const 3))
        (call $exit (call $poll (i32.const 128) (i32.const 512) (i32.const 1) (i32.const 64)))";
    assert!(
        run(strange, b"")
            .unwrap_err()
            .to_string()
            .contains("failed")
    );
}

/// Of two clocks and a file, the file is ready; of two clocks, the earlier one.
#[test]
fn what_comes_first_is_reported() {
    let two = "(i64.store (i32.const 128) (i64.const 11)) ;; an hour
        (i32.store (i32.const 144) (i32.const 1))
        (i64.store (i32.const 152) (i64.const 3600000000000))
        (i64.store (i32.const 176) (i64.const 22)) ;; a millisecond
        (i32.store (i32.const 192) (i32.const 1))
        (i64.store (i32.const 200) (i64.const 1000000))";
    let file = "(i64.store (i32.const 224) (i64.const 33))
        (i32.store8 (i32.const 232) (i32.const 1))";
    let report = |number: u32| {
        format!(
            "(if (call $poll (i32.const 128) (i32.const 512) (i32.const {number}) (i32.const 64))
                (then unreachable))
             (if (i32.ne (i32.load (i32.const 64)) (i32.const 1)) (then unreachable))
             (call $exit (i32.load8_u (i32.const 512)))"
        )
    };
    let code = |start: &str| {
        let error = run(start, b"").unwrap_err();
        match error.kind() {
            TaskErrorKind::Failed(failure) => failure.exit_code(),
            _ => panic!("{error}"),
        }
    };
    assert_eq!(code(&format!("{two} {}", report(2))), Some(22));
    assert_eq!(code(&format!("{two} {file} {}", report(3))), Some(33));
}

#[test]
fn waiting_without_end_for_a_clock_is_stopped() {
    let start = "(i32.store (i32.const 144) (i32.const 1))
        (i64.store (i32.const 152) (i64.const -1))
        (drop (call $poll (i32.const 128) (i32.const 512) (i32.const 1) (i32.const 64)))";
    let pool = pool(&program(start));
    let limited = pool.with(Limits::new().timeout(Duration::from_millis(20)));
    let task = limited.submit_bytes("_start", "").unwrap();
    assert!(task.join().unwrap_err().is_timeout());
}

#[test]
fn stderr_keeps_its_end() {
    let noisy = "(loop $again
            (i64.store (i32.const 16) (i64.const 0x2e2e2e2e2e2e2e2e))
            (drop (call $write (i32.const 2) (i32.const 0) (i32.const 1) (i32.const 64)))
            (i32.store (i32.const 80) (i32.add (i32.load (i32.const 80)) (i32.const 1)))
            (br_if $again (i32.lt_u (i32.load (i32.const 80)) (i32.const 1000))))
        (i64.store (i32.const 16) (i64.const 0x21444e4520454854))
        (drop (call $write (i32.const 2) (i32.const 0) (i32.const 1) (i32.const 64)))
        (call $exit (i32.const 1))";
    let wasi = Wasi::new().stderr_bytes(16);
    let builder = TaskModule::builder(program(noisy)).grants(Grants::new().wasi(wasi));
    let pool = ProcessPool::new(builder.load().unwrap()).unwrap();
    let error = pool.submit_bytes("_start", "").unwrap().join().unwrap_err();
    let stderr = std::error::Error::source(&error).unwrap().source().unwrap();
    assert_eq!(stderr.to_string(), "........THE END!");
}

#[test]
fn a_program_that_is_none_is_not_loaded() {
    let load = |wat: &str| {
        let builder = TaskModule::builder(wat::parse_str(wat).unwrap());
        builder
            .grants(Grants::new().wasi(Wasi::new()))
            .load()
            .unwrap_err()
    };
    let error = load(r#"(module (memory (export "memory") 1))"#);
    assert!(matches!(error, LoadError::NoTasks), "{error}");
    let error = load(r#"(module (func (export "_start")))"#);
    assert!(matches!(error, LoadError::MissingExport(_)), "{error}");
    let error =
        load(r#"(module (memory (export "memory") 1) (func (export "_start") (param i32)))"#);
    assert!(matches!(error, LoadError::ExportType { .. }), "{error}");
    let error = load(
        r#"(module (import "wasi_snapshot_preview1" "fd_frobnicate" (func))
            (memory (export "memory") 1) (func (export "_start")))"#,
    );
    assert!(
        error.to_string().contains("has nothing of that name"),
        "{error}"
    );
    let error = load(
        r#"(module (import "wasi_unstable" "fd_write" (func))
            (memory (export "memory") 1) (func (export "_start")))"#,
    );
    assert!(matches!(error, LoadError::Import { .. }), "{error}");
    // Without the grant, something to start is no task.
    let start = wat::parse_str(r#"(module (memory (export "memory") 1) (func (export "_start")))"#);
    let error = TaskModule::new(start.unwrap()).unwrap_err();
    assert!(matches!(error, LoadError::NoTasks), "{error}");
}

//! `--grant`: what a module may import.

use sandpool_abi::{RECORDS_SECTION, Record, Task};
use sandpool_guest::task;

use crate::command::{File, sandpool};

/// Takes nothing, returns a text.
#[task]
fn report() -> String {
    String::new()
}

const RECORD: Record = <report as Task>::RECORD;
const RECORD_BYTES: [u8; RECORD.len_bytes()] = RECORD.to_bytes();

/// A module that reads the clock, takes random bytes, logs a line, and answers in JSON.
fn curious() -> File {
    let text = r#"(module
      (import "sandpool" "clock" (func $clock (result i64)))
      (import "sandpool" "random" (func $random (param i32 i32)))
      (import "sandpool" "log" (func $log (param i32 i32 i32)))
      (memory (export "memory") 1)
      (global (export "SANDPOOL_PANIC") i32 (i32.const 4096))
      (func (export "sandpool_alloc") (param i32) (result i32) (i32.const 1024))
      (func (export "sandpool.task.report") (param i32 i32 i32) (result i64)
        (if (i64.lt_s (call $clock) (i64.const 0)) (then unreachable))
        (call $random (i32.const 2048) (i32.const 8))
        (if (i64.eqz (i64.load (i32.const 2048))) (then unreachable))
        (call $log (i32.const 2) (i32.const 32) (i32.const 9))
        (i64.const 0x7_0000_0010))
      (data (i32.const 16) "\00\22done\22")
      (data (i32.const 32) "odd\1b[31m!"))"#;
    let mut wasm = wat::parse_str(text).expect("the text is a module");
    let name = RECORDS_SECTION.as_bytes();
    let size = u8::try_from(1 + name.len() + RECORD_BYTES.len()).expect("it is short");
    assert!(size < 0x80, "a size of one byte");
    wasm.extend([0, size, name.len() as u8]);
    wasm.extend(name);
    wasm.extend(RECORD_BYTES);
    File::new(wasm)
}

#[test]
fn what_is_granted_can_be_used_and_lines_go_to_stderr_escaped() {
    let module = curious();
    let said = sandpool([
        "run",
        module.path(),
        "report",
        "--grant",
        "clock,random,log",
    ]);
    assert_eq!(said.code, Some(0), "{said:?}");
    assert_eq!(said.stdout, "\"done\"\n");
    assert_eq!(said.stderr, "WARN report: odd\\u{1b}[31m!\n");
}

#[test]
fn what_is_not_granted_is_refused_and_named() {
    let module = curious();
    let said = sandpool(["run", module.path(), "report", "--grant", "clock,log"]).failed();
    assert!(said.contains("here with `--grant random`"), "{said}");
}

#[test]
fn what_cannot_be_granted_is_wrong_usage() {
    let said = sandpool(["run", "a.wasm", "report", "--grant", "network"]);
    assert_eq!(said.code, Some(2), "{said:?}");
    assert!(said.stderr.contains("clock, random, log"), "{said:?}");
}

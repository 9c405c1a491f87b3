//! Guests written by hand, as no compiler would write them.

use sandpool::{Limits, ProcessPool, Task, TaskModule, TaskModuleBuilder};
use sandpool_guest::task;

/// The host's idea of the guest's only task.
#[task]
pub(crate) fn lie(_bytes: &[u8]) -> Vec<Vec<u8>> {
    Vec::new()
}

const RECORD: sandpool_abi::Record = <lie as Task>::RECORD;
const RECORD_BYTES: [u8; RECORD.len_bytes()] = RECORD.to_bytes();

/// What a guest does, in the text format.
pub(crate) struct Guest {
    /// The body of `sandpool_alloc`: `(len: i32) -> i32`.
    pub(crate) alloc: &'static str,
    /// The body of the task: `(encoding: i32, ptr: i32, len: i32) -> i64`.
    pub(crate) task: &'static str,
    /// The size of its memory, in pages of 64 KiB.
    pub(crate) pages: u32,
    /// Where the panic report is said to be.
    pub(crate) panic_at: u32,
    /// More of the module.
    pub(crate) more: &'static str,
}

pub(crate) const HONEST: Guest = Guest {
    alloc: "i32.const 1024",
    // One byte at address 16: status `Value`; then a list of no elements.
    task: "(i64.or (i64.shl (i64.const 2) (i64.const 32)) (i64.const 16))",
    pages: 1,
    panic_at: 4096,
    more: r#"(data (i32.const 16) "\00\00")"#,
};

impl Guest {
    pub(crate) fn wasm(&self) -> Vec<u8> {
        let Self {
            alloc,
            task,
            pages,
            panic_at,
            more,
        } = self;
        let text = format!(
            r#"(module
                (memory (export "memory") {pages})
                (global (export "SANDPOOL_PANIC") i32 (i32.const {panic_at}))
                (func (export "sandpool_alloc") (param i32) (result i32) {alloc})
                (func (export "sandpool.task.lie") (param i32 i32 i32) (result i64) {task})
                {more})"#
        );
        let mut wasm = wat::parse_str(text).unwrap();
        append_custom_section(&mut wasm, sandpool_abi::RECORDS_SECTION, &RECORD_BYTES);
        wasm
    }

    pub(crate) fn builder(&self) -> TaskModuleBuilder {
        TaskModule::builder(self.wasm())
    }

    pub(crate) fn pool(&self) -> ProcessPool {
        let module = self.builder().load().unwrap();
        let limits = Limits::new().memory_bytes(1 << 20);
        let builder = ProcessPool::builder(module).workers(1).limits(limits);
        builder.build().unwrap()
    }
}

/// Appends a section whose sizes fit two bytes of LEB128.
pub(crate) fn append_custom_section(wasm: &mut Vec<u8>, name: &str, data: &[u8]) {
    let leb = |number: usize| {
        assert!(number < 1 << 14);
        [(number & 0x7F) as u8 | 0x80, (number >> 7) as u8]
    };
    wasm.push(0);
    wasm.extend(leb(2 + name.len() + data.len()));
    wasm.extend(leb(name.len()));
    wasm.extend(name.as_bytes());
    wasm.extend(data);
}

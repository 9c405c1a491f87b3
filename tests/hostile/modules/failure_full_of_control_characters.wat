;; Fails with a text that clears a terminal and forges a line.
;; ends: Failed
;; says: \u{1b}[2J\u{d}
(module
  (memory (export "memory") 1)
  (global (export "SANDPOOL_PANIC") i32 (i32.const 4096))
  (func (export "sandpool_alloc") (param i32) (result i32) (i32.const 1024))
  (func (export "sandpool.task.misbehave") (param i32 i32 i32) (result i64)
    (i64.const 0x10_0000_0020))
  (data (i32.const 32) "\01\0d\1b[2J\0d\0aforged\00"))

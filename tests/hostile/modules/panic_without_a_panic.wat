;; Traps with a panic report that it has made up, full of control characters.
;; ends: Panicked
;; says: \u{1b}[31m
(module
  (memory (export "memory") 1)
  (global (export "SANDPOOL_PANIC") i32 (i32.const 4096))
  (func (export "sandpool_alloc") (param i32) (result i32) (i32.const 1024))
  (func (export "sandpool.task.misbehave") (param i32 i32 i32) (result i64)
    unreachable)
  (data (i32.const 4096) "\01\00\00\00\01\00\00\00\03\00\00\00\05\00\00\00a\0ab\1b[31m"))

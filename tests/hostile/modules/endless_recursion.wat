;; Calls itself for ever.
;; ends: StackOverflow
;; says: used up its stack of 1048576 bytes
(module
  (memory (export "memory") 1)
  (global (export "SANDPOOL_PANIC") i32 (i32.const 4096))
  (func (export "sandpool_alloc") (param i32) (result i32) (i32.const 1024))
  (func (export "sandpool.task.misbehave") (param i32 i32 i32) (result i64)
    (call $f) (i64.const 0))
  (func $f (call $f)))

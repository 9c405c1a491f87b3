;; Returns more than it may.
;; ends: ResultTooLarge
;; says: of 2000 bytes, its limit is 1024
;; limits: result=1KiB
(module
  (memory (export "memory") 1)
  (global (export "SANDPOOL_PANIC") i32 (i32.const 4096))
  (func (export "sandpool_alloc") (param i32) (result i32) (i32.const 1024))
  (func (export "sandpool.task.misbehave") (param i32 i32 i32) (result i64)
    (i64.const 0x7d0_0000_0000)))

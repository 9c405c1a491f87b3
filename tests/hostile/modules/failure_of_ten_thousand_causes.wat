;; Fails with ten thousand empty causes.
;; ends: Failed
(module
  (memory (export "memory") 1)
  (global (export "SANDPOOL_PANIC") i32 (i32.const 4096))
  (func (export "sandpool_alloc") (param i32) (result i32) (i32.const 60000))
  (func (export "sandpool.task.misbehave") (param i32 i32 i32) (result i64)
    (i32.store8 (i32.const 32) (i32.const 1)) (i32.store16 (i32.const 34) (i32.const 0x4e90)) (i64.const 0x2714_0000_0020)))

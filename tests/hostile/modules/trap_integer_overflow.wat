;; Divides the smallest number by -1.
;; ends: Trapped(IntegerOverflow)
(module
  (memory (export "memory") 1)
  (global (export "SANDPOOL_PANIC") i32 (i32.const 4096))
  (func (export "sandpool_alloc") (param i32) (result i32) (i32.const 1024))
  (func (export "sandpool.task.misbehave") (param i32 i32 i32) (result i64)
    (drop (i32.div_s (i32.const 0x80000000) (i32.const -1))) (i64.const 0)))

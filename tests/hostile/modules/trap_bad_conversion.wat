;; Makes an integer of what is no number.
;; ends: Trapped(IntegerOverflow)
(module
  (memory (export "memory") 1)
  (global (export "SANDPOOL_PANIC") i32 (i32.const 4096))
  (func (export "sandpool_alloc") (param i32) (result i32) (i32.const 1024))
  (func (export "sandpool.task.misbehave") (param i32 i32 i32) (result i64)
    (drop (i32.trunc_f64_s (f64.const nan))) (i64.const 0)))

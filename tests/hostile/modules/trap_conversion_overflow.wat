;; Makes an integer of a number that is too large.
;; ends: Trapped(IntegerOverflow)
(module
  (memory (export "memory") 1)
  (global (export "SANDPOOL_PANIC") i32 (i32.const 4096))
  (func (export "sandpool_alloc") (param i32) (result i32) (i32.const 1024))
  (func (export "sandpool.task.misbehave") (param i32 i32 i32) (result i64)
    (drop (i32.trunc_f32_u (f32.const 1e20))) (i64.const 0)))

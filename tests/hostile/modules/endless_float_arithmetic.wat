;; Multiplies vectors for ever.
;; ends: DeadlineExceeded
;; limits: timeout=3ms
(module
  (memory (export "memory") 1)
  (global (export "SANDPOOL_PANIC") i32 (i32.const 4096))
  (func (export "sandpool_alloc") (param i32) (result i32) (i32.const 1024))
  (func (export "sandpool.task.misbehave") (param i32 i32 i32) (result i64)
    (local $v v128)
    (loop (local.set $v (f32x4.mul (f32x4.add (local.get $v) (v128.const f32x4 1 2 3 4)) (local.get $v))) (br 0)) (i64.const 0)))

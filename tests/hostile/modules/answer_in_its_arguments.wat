;; Returns a value from where its arguments lie.
;; ends: Value
(module
  (memory (export "memory") 1)
  (global (export "SANDPOOL_PANIC") i32 (i32.const 4096))
  (func (export "sandpool_alloc") (param i32) (result i32) (i32.const 1024))
  (func (export "sandpool.task.misbehave") (param i32 i32 i32) (result i64)
    (i32.store16 (local.get 1) (i32.const 0)) (i64.or (i64.const 0x2_0000_0000) (i64.extend_i32_u (local.get 1)))))

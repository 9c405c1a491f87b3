;; Grows its table by no element, for ever.
;; ends: DeadlineExceeded
;; limits: timeout=3ms
(module
  (memory (export "memory") 1)
  (global (export "SANDPOOL_PANIC") i32 (i32.const 4096))
  (func (export "sandpool_alloc") (param i32) (result i32) (i32.const 1024))
  (func (export "sandpool.task.misbehave") (param i32 i32 i32) (result i64)
    (loop (drop (table.grow $t (ref.null func) (i32.const 0))) (br 0)) (i64.const 0))
  (table $t 1 funcref))

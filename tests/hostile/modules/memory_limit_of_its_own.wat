;; Grows past the maximum that it has set itself, is told no, and loops for it.
;; ends: DeadlineExceeded
;; limits: timeout=3ms
(module
  (memory (export "memory") 1 2)
  (global (export "SANDPOOL_PANIC") i32 (i32.const 4096))
  (func (export "sandpool_alloc") (param i32) (result i32) (i32.const 1024))
  (func (export "sandpool.task.misbehave") (param i32 i32 i32) (result i64)
    (loop (br_if 0 (i32.eq (memory.grow (i32.const 2)) (i32.const -1)))) (i64.const 0)))

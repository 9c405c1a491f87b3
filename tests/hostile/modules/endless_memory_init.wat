;; Initialises memory from a segment, for ever.
;; ends: DeadlineExceeded
;; limits: timeout=3ms
(module
  (memory (export "memory") 1)
  (global (export "SANDPOOL_PANIC") i32 (i32.const 4096))
  (func (export "sandpool_alloc") (param i32) (result i32) (i32.const 1024))
  (func (export "sandpool.task.misbehave") (param i32 i32 i32) (result i64)
    (loop (memory.init $d (i32.const 0) (i32.const 0) (i32.const 4)) (br 0)) (i64.const 0))
  (data $d "abcd"))

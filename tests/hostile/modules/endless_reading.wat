;; Reads its memory for ever.
;; ends: DeadlineExceeded
;; limits: timeout=3ms
(module
  (memory (export "memory") 1)
  (global (export "SANDPOOL_PANIC") i32 (i32.const 4096))
  (func (export "sandpool_alloc") (param i32) (result i32) (i32.const 1024))
  (func (export "sandpool.task.misbehave") (param i32 i32 i32) (result i64)
    (local $i i32)
    (loop
      (local.set $i (i32.and (i32.add (local.get $i) (i32.load (local.get $i))) (i32.const 0xfff0)))
      (br 0)) (i64.const 0)))

;; Fills 64 MiB of memory, for ever.
;; ends: DeadlineExceeded
;; limits: timeout=3ms memory=64MiB
(module
  (memory (export "memory") 1024)
  (global (export "SANDPOOL_PANIC") i32 (i32.const 4096))
  (func (export "sandpool_alloc") (param i32) (result i32) (i32.const 1024))
  (func (export "sandpool.task.misbehave") (param i32 i32 i32) (result i64)
    (loop (memory.fill (i32.const 0) (i32.const 1) (i32.const 0x4000000)) (br 0)) (i64.const 0)))

;; Grows its memory by 2 GiB.
;; ends: MemoryLimitExceeded
;; says: its limit is 1048576
;; limits: memory=1MiB
(module
  (memory (export "memory") 1)
  (global (export "SANDPOOL_PANIC") i32 (i32.const 4096))
  (func (export "sandpool_alloc") (param i32) (result i32) (i32.const 1024))
  (func (export "sandpool.task.misbehave") (param i32 i32 i32) (result i64)
    (drop (memory.grow (i32.const 32768))) (i64.const 0)))

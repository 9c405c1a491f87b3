;; Grows its memory by as much as a number can say.
;; ends: MemoryLimitExceeded
;; limits: memory=1MiB
(module
  (memory (export "memory") 1)
  (global (export "SANDPOOL_PANIC") i32 (i32.const 4096))
  (func (export "sandpool_alloc") (param i32) (result i32) (i32.const 1024))
  (func (export "sandpool.task.misbehave") (param i32 i32 i32) (result i64)
    (drop (memory.grow (i32.const -1))) (i64.const 0) (drop (memory.grow (i32.const 65535)))))

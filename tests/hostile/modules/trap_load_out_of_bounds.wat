;; Reads past the end of its memory.
;; ends: Trapped(MemoryOutOfBounds)
(module
  (memory (export "memory") 1)
  (global (export "SANDPOOL_PANIC") i32 (i32.const 4096))
  (func (export "sandpool_alloc") (param i32) (result i32) (i32.const 1024))
  (func (export "sandpool.task.misbehave") (param i32 i32 i32) (result i64)
    (drop (i64.load (i32.const 65535))) (i64.const 0)))

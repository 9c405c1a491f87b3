;; Reads past the end of a data segment.
;; ends: Trapped(MemoryOutOfBounds)
(module
  (memory (export "memory") 1)
  (global (export "SANDPOOL_PANIC") i32 (i32.const 4096))
  (func (export "sandpool_alloc") (param i32) (result i32) (i32.const 1024))
  (func (export "sandpool.task.misbehave") (param i32 i32 i32) (result i64)
    (memory.init $d (i32.const 0) (i32.const 2) (i32.const 3)) (i64.const 0))
  (data $d "abcd"))

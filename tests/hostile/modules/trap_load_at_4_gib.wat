;; Reads at the highest address, with the largest offset.
;; ends: Trapped(MemoryOutOfBounds)
(module
  (memory (export "memory") 1)
  (global (export "SANDPOOL_PANIC") i32 (i32.const 4096))
  (func (export "sandpool_alloc") (param i32) (result i32) (i32.const 1024))
  (func (export "sandpool.task.misbehave") (param i32 i32 i32) (result i64)
    (drop (v128.load offset=0xffffffff (i32.const -1))) (i64.const 0)))

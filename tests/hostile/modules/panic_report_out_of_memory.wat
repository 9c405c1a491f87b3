;; Traps with a panic report past the end of its memory.
;; ends: Trapped(Unreachable)
(module
  (memory (export "memory") 1)
  (global (export "SANDPOOL_PANIC") i32 (i32.const 0xfffffff0))
  (func (export "sandpool_alloc") (param i32) (result i32) (i32.const 1024))
  (func (export "sandpool.task.misbehave") (param i32 i32 i32) (result i64)
    unreachable))

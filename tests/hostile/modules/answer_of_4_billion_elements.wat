;; Returns a list that claims 2^32 - 1 elements.
;; ends: BadResult
(module
  (memory (export "memory") 1)
  (global (export "SANDPOOL_PANIC") i32 (i32.const 4096))
  (func (export "sandpool_alloc") (param i32) (result i32) (i32.const 1024))
  (func (export "sandpool.task.misbehave") (param i32 i32 i32) (result i64)
    (i64.const 0x6_0000_0020))
  (data (i32.const 32) "\00\ff\ff\ff\ff\0f"))

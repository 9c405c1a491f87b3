;; Has a table of more elements than there can be.
;; refused: Invalid
;; says: exceeds the limit of 1000000
(module
  (memory (export "memory") 1)
  (global (export "SANDPOOL_PANIC") i32 (i32.const 4096))
  (func (export "sandpool_alloc") (param i32) (result i32) (i32.const 1024))
  (func (export "sandpool.task.misbehave") (param i32 i32 i32) (result i64)
    (i64.const 0x2_0000_0010))
  (table 0xffffffff funcref)
  (data (i32.const 16) "\00\00"))

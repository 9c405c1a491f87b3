;; Has a table of a million elements from the start.
;; ends: TableLimitExceeded
;; says: wanted a table of 1000000 elements, its limit is 100
;; limits: table=100
(module
  (memory (export "memory") 1)
  (global (export "SANDPOOL_PANIC") i32 (i32.const 4096))
  (func (export "sandpool_alloc") (param i32) (result i32) (i32.const 1024))
  (func (export "sandpool.task.misbehave") (param i32 i32 i32) (result i64)
    (i64.const 0x2_0000_0010))
  (table 1000000 funcref)
  (data (i32.const 16) "\00\00"))

;; Exports no panic report.
;; refused: MissingExport("SANDPOOL_PANIC")
(module
  (memory (export "memory") 1)
  (func (export "sandpool_alloc") (param i32) (result i32) (i32.const 1024))
  (func (export "sandpool.task.misbehave") (param i32 i32 i32) (result i64)
    (i64.const 0x2_0000_0010))
  (data (i32.const 16) "\00\00"))

;; Records its task as one that is called with scalars, and exports no such function.
;; refused: MissingExport("sandpool.scalar.x")
;; records: none
(module
  (memory (export "memory") 1)
  (global (export "SANDPOOL_PANIC") i32 (i32.const 4096))
  (func (export "sandpool_alloc") (param i32) (result i32) (i32.const 1024))
  (@custom "sandpool.tasks" "\16\00\00\00\01\00\00\00\01\00\00\00\01\00\00\00x\00\00\00\00\01\00\00\00y\00\00\00\00")
  (func (export "sandpool.task.x") (param i32 i32 i32) (result i64) (i64.const 0)))

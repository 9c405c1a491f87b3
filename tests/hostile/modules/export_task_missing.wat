;; Records a task that it does not export.
;; refused: MissingExport("sandpool.task.misbehave")
(module
  (memory (export "memory") 1)
  (global (export "SANDPOOL_PANIC") i32 (i32.const 4096))
  (func (export "sandpool_alloc") (param i32) (result i32) (i32.const 1024)))

;; Exports a panic report whose address it changes as it goes.
;; ends: Trapped(Unreachable)
(module
  (memory (export "memory") 1)
  (global $p (export "SANDPOOL_PANIC") (mut i32) (i32.const 0))
  (func (export "sandpool_alloc") (param i32) (result i32) (i32.const 1024))
  (func (export "sandpool.task.misbehave") (param i32 i32 i32) (result i64)
    (global.set $p (i32.const -5)) (unreachable)))

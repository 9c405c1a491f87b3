;; Calls itself for ever without using up its stack.
;; refused: Feature
;; says: needs tail calls
(module
  (memory (export "memory") 1)
  (global (export "SANDPOOL_PANIC") i32 (i32.const 4096))
  (func (export "sandpool_alloc") (param i32) (result i32) (i32.const 1024))
  (func (export "sandpool.task.misbehave") (param i32 i32 i32) (result i64)
    (call $f) (i64.const 0))
  (func $f (return_call $f)))

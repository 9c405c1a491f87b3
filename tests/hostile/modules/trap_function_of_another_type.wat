;; Calls a function of another type than it says.
;; ends: Trapped(BadFunctionPointer)
(module
  (memory (export "memory") 1)
  (global (export "SANDPOOL_PANIC") i32 (i32.const 4096))
  (func (export "sandpool_alloc") (param i32) (result i32) (i32.const 1024))
  (func (export "sandpool.task.misbehave") (param i32 i32 i32) (result i64)
    (call_indirect $t (type $f) (i32.const 0)) (i64.const 0))
  (type $f (func))
  (table $t funcref (elem $g))
  (func $g (param i32)))

;; Reads out of bounds with a stack pointer that says that the stack is used up.
;; ends: StackOverflow
(module
  (memory (export "memory") 1)
  (global (export "SANDPOOL_PANIC") i32 (i32.const 4096))
  (func (export "sandpool_alloc") (param i32) (result i32) (i32.const 1024))
  (func (export "sandpool.task.misbehave") (param i32 i32 i32) (result i64)
    (global.set $sp (i32.const -1)) (drop (i32.load (i32.const -4))) (i64.const 0))
  (global $sp (export "__stack_pointer") (mut i32) (i32.const 512)))

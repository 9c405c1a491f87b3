;; Calls itself for ever where the host asks for memory.
;; ends: StackOverflow
(module
  (memory (export "memory") 1)
  (global (export "SANDPOOL_PANIC") i32 (i32.const 4096))
  (func $a (export "sandpool_alloc") (param i32) (result i32) (i32.add (call $a (local.get 0)) (i32.const 1)))
  (func (export "sandpool.task.misbehave") (param i32 i32 i32) (result i64)
    (i64.const 0x2_0000_0010))
  (data (i32.const 16) "\00\00"))

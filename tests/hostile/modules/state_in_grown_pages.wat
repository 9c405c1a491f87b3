;; Traps if it finds what an earlier call has left in pages that it grows, and leaves something there.
;; ends: Value
(module
  (memory (export "memory") 1)
  (global (export "SANDPOOL_PANIC") i32 (i32.const 4096))
  (func (export "sandpool_alloc") (param i32) (result i32) (i32.const 1024))
  (func (export "sandpool.task.misbehave") (param i32 i32 i32) (result i64)
    (drop (memory.grow (i32.const 4)))
    (if (i32.load (i32.const 0x4fffc)) (then (unreachable)))
    (i32.store (i32.const 0x4fffc) (i32.const 1))
    (i64.const 0x2_0000_0010))
  (data (i32.const 16) "\00\00"))

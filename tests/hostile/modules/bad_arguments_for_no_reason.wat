;; Says that its arguments are bad, with 60,000 bytes of text.
;; ends: BadArguments
;; says: bytes cut off)
(module
  (memory (export "memory") 1)
  (global (export "SANDPOOL_PANIC") i32 (i32.const 4096))
  (func (export "sandpool_alloc") (param i32) (result i32) (i32.const 1024))
  (func (export "sandpool.task.misbehave") (param i32 i32 i32) (result i64)
    (memory.fill (i32.const 33) (i32.const 120) (i32.const 60000)) (i32.store8 (i32.const 32) (i32.const 2)) (i64.const 0xea61_0000_0020)))

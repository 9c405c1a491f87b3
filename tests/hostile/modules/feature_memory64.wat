;; Has memory with 64-bit addresses.
;; refused: Feature
;; says: needs 64-bit memory
(module
  (memory (export "memory") i64 1)
  (global (export "SANDPOOL_PANIC") i32 (i32.const 4096))
  (func (export "sandpool_alloc") (param i32) (result i32) (i32.const 1024))
  (func (export "sandpool.task.misbehave") (param i32 i32 i32) (result i64)
    (i64.const 0x2_0000_0010)))

;; Writes to each of 1024 pages, and returns.
;; ends: Value
;; limits: memory=64MiB
(module
  (memory (export "memory") 1024)
  (global (export "SANDPOOL_PANIC") i32 (i32.const 4096))
  (func (export "sandpool_alloc") (param i32) (result i32) (i32.const 1024))
  (func (export "sandpool.task.misbehave") (param i32 i32 i32) (result i64)
    (local $i i32)
    (loop
      (i32.store8 offset=65536 (local.get $i) (i32.const 1))
      (br_if 0 (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 4096))) (i32.const 0x3fe0000))))
    (i64.const 0x2_0000_0010))
  (data (i32.const 16) "\00\00"))

;; Traps if it finds what an earlier call has left in its memory, its global or its table, and leaves something in each.
;; ends: Value
(module
  (memory (export "memory") 1)
  (global (export "SANDPOOL_PANIC") i32 (i32.const 4096))
  (func (export "sandpool_alloc") (param i32) (result i32) (i32.const 1024))
  (func (export "sandpool.task.misbehave") (param i32 i32 i32) (result i64)
    (if (i32.or (i32.load (i32.const 512)) (i32.or (global.get $g) (i32.eqz (ref.is_null (table.get $t (i32.const 0))))))
      (then (unreachable)))
    (i32.store (i32.const 512) (i32.const 1))
    (global.set $g (i32.const 1))
    (table.set $t (i32.const 0) (ref.func $f))
    (i64.const 0x2_0000_0010))
  (global $g (mut i32) (i32.const 0))
  (table $t 1 funcref)
  (func $f (export "f"))
  (data (i32.const 16) "\00\00"))

//! Guests that lie: written by hand, as no compiler would.

use sandpool::{Limits, ProcessPool, TaskError, TaskErrorKind, TrapKind};

use crate::by_hand::{Guest, HONEST, lie};

impl Guest {
    fn error(&self) -> TaskError {
        let handle = self.pool().submit(lie, vec![1, 2, 3]).unwrap();
        handle.join().unwrap_err()
    }

    fn bad_result(&self) -> String {
        let error = self.error();
        match error.kind() {
            TaskErrorKind::BadResult(reason) => reason.clone(),
            _ => panic!("{error}"),
        }
    }
}

#[test]
fn an_honest_guest_written_by_hand_is_served() {
    let handle = HONEST.pool().submit(lie, vec![1, 2, 3]).unwrap();
    assert_eq!(handle.join().unwrap(), Vec::<Vec<u8>>::new());
}

#[test]
fn an_answer_outside_of_memory_is_a_bad_result() {
    for task in [
        "i64.const -1",
        "(i64.or (i64.shl (i64.const 2) (i64.const 32)) (i64.const 65535))",
        "(i64.or (i64.shl (i64.const 65537) (i64.const 32)) (i64.const 0))",
    ] {
        let reason = Guest { task, ..HONEST }.bad_result();
        assert!(reason.contains("outside"), "{task}: {reason}");
    }
}

/// Conformance: 95 (processes)
#[test]
fn an_answer_that_is_none_is_a_bad_result() {
    let empty = Guest {
        task: "i64.const 0",
        ..HONEST
    };
    assert!(empty.bad_result().contains("empty"));
    let unknown_status = Guest {
        more: r#"(data (i32.const 16) "\09\00")"#,
        ..HONEST
    };
    assert!(unknown_status.bad_result().contains("status 9"));
    let bad_failure = Guest {
        more: r#"(data (i32.const 16) "\01\ff")"#,
        ..HONEST
    };
    assert!(bad_failure.bad_result().contains("end"));
    let left_over = Guest {
        task: "(i64.or (i64.shl (i64.const 3) (i64.const 32)) (i64.const 16))",
        ..HONEST
    };
    assert!(left_over.bad_result().contains("left over"));
}

#[test]
fn a_length_that_no_memory_could_hold_is_a_bad_result() {
    let huge = Guest {
        task: "(i64.or (i64.shl (i64.const 7) (i64.const 32)) (i64.const 16))",
        // A list of 2^32 - 1 lists.
        more: r#"(data (i32.const 16) "\00\ff\ff\ff\ff\0f\00")"#,
        ..HONEST
    };
    assert!(huge.bad_result().contains("end"));
}

#[test]
fn arguments_are_not_written_outside_of_memory() {
    for alloc in ["i32.const -1", "i32.const 65534"] {
        let reason = Guest { alloc, ..HONEST }.bad_result();
        assert!(reason.contains("outside"), "{alloc}: {reason}");
    }
}

#[test]
fn a_panic_report_that_lies_is_ignored() {
    let trap = |panic_at, more| {
        let guest = Guest {
            task: "unreachable",
            panic_at,
            more,
            ..HONEST
        };
        let error = guest.error();
        assert!(
            matches!(error.kind(), TaskErrorKind::Trapped(TrapKind::Unreachable)),
            "{error}"
        );
    };
    trap(u32::MAX, "");
    trap(65_535, "");
    // Line 1, and lengths of 2^32 - 1.
    trap(
        4096,
        r#"(data (i32.const 4096) "\01\00\00\00\01\00\00\00\ff\ff\ff\ff\ff\ff\ff\ff")"#,
    );
}

/// Conformance: 97 (processes)
#[test]
fn a_guest_that_traps_while_it_reserves_memory_fails_its_task_only() {
    let guest = Guest {
        alloc: "unreachable",
        ..HONEST
    };
    let pool = guest.pool();
    for _ in 0..3 {
        let error = pool.submit(lie, Vec::new()).unwrap().join().unwrap_err();
        assert!(matches!(error.kind(), TaskErrorKind::Trapped(_)), "{error}");
    }
}

#[test]
fn json_of_a_lying_guest_is_text_or_an_error() {
    let guest = Guest {
        more: r#"(data (i32.const 16) "\00\ff")"#,
        ..HONEST
    };
    let error = guest
        .pool()
        .submit_json("lie", "[1]")
        .unwrap()
        .join()
        .unwrap_err();
    assert!(
        matches!(error.kind(), TaskErrorKind::BadResult(_)),
        "{error}"
    );
}

#[test]
fn every_loop_and_recursion_can_be_stopped() {
    for task in [
        "(loop (br 0)) i64.const 0",
        "(loop (loop (br 0)) (br 0)) i64.const 0",
        "(loop (br_if 0 (i32.const 1))) (loop (br 0)) i64.const 0",
        "(loop (drop (memory.grow (i32.const 0))) (br 0)) i64.const 0",
        "(loop (memory.fill (i32.const 0) (i32.const 0) (i32.const 60000)) (br 0)) i64.const 0",
    ] {
        let module = Guest { task, ..HONEST }.builder().load().unwrap();
        let limits = Limits::new().timeout(std::time::Duration::from_millis(30));
        let pool = ProcessPool::builder(module)
            .workers(1)
            .limits(limits)
            .build();
        let error = pool
            .unwrap()
            .submit(lie, Vec::new())
            .unwrap()
            .join()
            .unwrap_err();
        assert!(error.is_timeout(), "{task}: {error}");
    }
}

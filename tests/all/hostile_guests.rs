//! Guests that lie: written by hand, as no compiler would. `tests/hostile` has many more.

use sandpool::{TaskError, TaskErrorKind};

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
fn bytes_that_a_guest_says_are_elsewhere_are_inside_of_its_memory_and_expected() {
    for (more, reason) in [
        (
            r#"(data (i32.const 16) "\04\10\00\00\00\01\00\00\00")"#,
            "bytes came",
        ),
        (
            r#"(data (i32.const 16) "\04\00\00\01\00\00\00\00\00")"#,
            "bytes came",
        ),
        (
            r#"(data (i32.const 16) "\04\ff\ff\ff\ff\01\00\00\00")"#,
            "outside",
        ),
        (
            r#"(data (i32.const 16) "\04\00\00\00\00\01\00\01\00")"#,
            "outside",
        ),
        (
            r#"(data (i32.const 16) "\04\00\00\00\00\ff\ff\ff\ff")"#,
            "outside",
        ),
    ] {
        let guest = Guest {
            task: "(i64.or (i64.shl (i64.const 9) (i64.const 32)) (i64.const 16))",
            more,
            ..HONEST
        };
        assert!(guest.bad_result().contains(reason), "{more}");
    }
    let cut_short = Guest {
        more: r#"(data (i32.const 16) "\04\10")"#,
        ..HONEST
    };
    assert!(cut_short.bad_result().contains("does not tell where"));
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

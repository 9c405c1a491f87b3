//! The end of a process whose pools still have work.

use std::process::Command;

/// Runs the helper, whose pool of this kind has an endless task and more behind it, and which ends its
/// `main` this way. Returns its exit code and what it printed: the tasks that ran to their end.
fn exit_of(kind: &str, way: &str) -> (Option<i32>, String) {
    let mut helper = Command::new(env!("CARGO_BIN_EXE_leaves-work-behind"));
    let output = helper.args([kind, way]).output().unwrap();
    let printed = String::from_utf8(output.stdout).unwrap();
    (output.status.code(), printed)
}

/// Conformance: 72 (both)
#[test]
fn a_process_exits_although_its_pools_have_work() {
    for kind in ["threads", "processes"] {
        for way in ["return", "exit"] {
            assert_eq!(
                exit_of(kind, way),
                (Some(42), "leaving\n".to_owned()),
                "{kind} {way}"
            );
        }
    }
}

//! `sandpool snapshot`.

use crate::command::{faults, sandpool};

#[test]
fn a_snapshot_begins_where_the_task_has_ended() {
    let folder = tempfile::tempdir().unwrap();
    let warm = folder.path().join("warm.wasm");
    let warm = warm.to_str().unwrap();
    let module = faults();
    let said = sandpool(["snapshot", module.path(), "remember", "7", "-o", warm]).ok();
    assert!(said.starts_with(&format!("{warm}: ")), "{said}");
    assert_eq!(sandpool(["run", warm, "recall"]).ok(), "7\n");
    assert_eq!(sandpool(["run", module.path(), "recall"]).ok(), "0\n");
}

#[test]
fn a_task_that_fails_leaves_no_file() {
    let folder = tempfile::tempdir().unwrap();
    let none = folder.path().join("none.wasm");
    let path = none.to_str().unwrap();
    let module = faults();
    let snapshot = |task: &str, arguments: &str, more: &[&str]| {
        let fixed = ["snapshot", module.path(), task, arguments, "-o", path];
        sandpool([&fixed[..], more].concat()).failed()
    };
    let said = snapshot("fail", "\"x\"", &[]);
    assert!(said.contains("task `fail` failed"), "{said}");
    let said = snapshot("spin", "null", &["--timeout", "10ms"]);
    assert!(said.contains("ran longer than its limit"), "{said}");
    let said = snapshot("hoard", "100000000", &["--memory", "16MiB"]);
    assert!(said.contains("memory"), "{said}");
    let said = snapshot("no_such", "1", &[]);
    assert!(said.contains("no task `no_such`"), "{said}");
    let said = snapshot("remember", "seven", &[]);
    assert!(said.contains("the arguments are not JSON"), "{said}");
    assert!(!none.exists());
}

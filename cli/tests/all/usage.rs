//! Wrong usage is exit code 2.

use crate::command::{faults, sandpool};

fn complaint(args: &[&str]) -> String {
    let said = sandpool(args);
    assert_eq!((said.code, said.stdout.as_str()), (Some(2), ""), "{said:?}");
    said.stderr
}

#[test]
fn an_unknown_command_is_wrong_usage() {
    assert!(complaint(&["fly"]).contains("'fly'"));
}

#[test]
fn a_missing_file_name_is_wrong_usage() {
    assert!(complaint(&["inspect"]).contains("<FILE.wasm>"));
    assert!(complaint(&["run", "a.wasm"]).contains("<TASK>"));
}

#[test]
fn arguments_and_a_file_of_them_exclude_each_other() {
    let said = complaint(&["run", "a.wasm", "add", "[1,2]", "--map", "-"]);
    assert!(said.contains("cannot be used with"), "{said}");
}

#[test]
fn a_quantity_that_is_none_is_wrong_usage() {
    let module = faults();
    for (option, value, said) in [
        ("--timeout", "soon", "a duration is a number and a unit"),
        ("--timeout", "3 weeks", "`weeks` is not a unit of time"),
        ("--memory", "lots", "a size is a whole number and a unit"),
        ("--memory", "5 apples", "`apples` is not a unit of memory"),
        ("--workers", "0", "non-zero"),
    ] {
        let complaint = complaint(&["run", module.path(), "nothing", option, value]);
        assert!(complaint.contains(said), "{option} {value}: {complaint}");
    }
}

#[test]
fn help_names_the_commands_and_is_no_error() {
    let help = sandpool(["--help"]).ok();
    for command in ["demo", "new", "build", "inspect", "run", "bench"] {
        assert!(help.contains(&format!("\n  {command} ")), "{help}");
    }
}

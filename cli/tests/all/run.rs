//! `sandpool run`, one call.

use crate::command::{faults, reference, sandpool};

#[test]
fn a_scalar_goes_in_and_one_line_of_json_comes_out() {
    let result = sandpool(["run", reference().path(), "heavy_compute", "2"]).ok();
    assert_eq!(result, "1.0\n");
}

#[test]
fn several_arguments_are_an_array() {
    let module = faults();
    assert_eq!(
        sandpool(["run", module.path(), "add", "[ 2, -5 ]"]).ok(),
        "-3\n"
    );
    let lines = r#"[[{"articleName": "tea  pot", "count": 2, "price": {"Cents": 5}}], {"k": [0.5, null]}, {"number": -1}]"#;
    assert_eq!(
        sandpool(["run", module.path(), "echo_values", lines]).ok(),
        "[[{\"articleName\":\"tea  pot\",\"count\":2,\"price\":{\"Cents\":5}}],{\"k\":[0.5,null]},{\"number\":-1}]\n"
    );
}

#[test]
fn no_arguments_are_none_or_null() {
    let module = faults();
    assert_eq!(sandpool(["run", module.path(), "nothing"]).ok(), "null\n");
    assert_eq!(
        sandpool(["run", module.path(), "nothing", "null"]).ok(),
        "null\n"
    );
}

#[test]
fn a_module_is_kept_compiled_where_that_is_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let module = faults();
    let run = |store: &str| sandpool(["run", module.path(), "add", "[1, 2]", "--store", store]);
    let kept = path("kept");
    for _ in 0..2 {
        assert_eq!(run(&kept).ok(), "3\n");
        assert_eq!(std::fs::read_dir(&kept).unwrap().count(), 1);
    }
    std::fs::write(path("file"), "").unwrap();
    let said = run(&path("file")).failed();
    assert!(said.contains("cannot keep compiled modules"), "{said}");
}

#[test]
fn fuel_is_a_limit_of_a_call() {
    let module = faults();
    let run = |fuel: &str| {
        let options = ["--deterministic", "--fuel", fuel];
        sandpool([&["run", module.path(), "spin_until", "1000"], &options[..]].concat())
    };
    assert_eq!(run("1000000").ok(), "1000\n");
    let said = run("1000").failed();
    assert!(
        said.contains("burnt more fuel than its limit of 1000 and was stopped"),
        "{said}"
    );
}

#[test]
fn a_negative_number_is_an_argument_and_not_an_option() {
    assert_eq!(
        sandpool(["run", faults().path(), "checked", "-1.5"]).ok(),
        "-1.5\n"
    );
}

#[test]
fn arguments_that_are_not_json_are_refused_before_anything_is_loaded() {
    let said = sandpool(["run", "no-such.wasm", "echo", "hello"]).failed();
    assert!(
        said.starts_with("error: the arguments are not JSON; "),
        "{said}"
    );
    assert!(said.contains("\n  caused by: expected value"), "{said}");
}

#[test]
fn arguments_of_another_type_are_the_error_of_the_task() {
    for wrong in [r#"[1, "x"]"#, "[1]", "1", "null"] {
        let said = sandpool(["run", faults().path(), "add", wrong]).failed();
        let expected = "error: task `add` was given bad arguments: ";
        assert!(said.starts_with(expected), "{wrong}: {said}");
    }
}

#[test]
fn an_unknown_task_is_answered_with_the_names_that_there_are() {
    let module = faults();
    let said = sandpool(["run", module.path(), "ad", "[1,2]"]).failed();
    let expected = format!(
        "error: {}: the module has no task `ad`; it has ",
        module.path()
    );
    assert!(said.starts_with(&expected), "{said}");
    assert!(said.contains(" add, "), "{said}");
}

#[test]
fn every_cause_of_an_error_has_its_line() {
    let said = sandpool(["run", faults().path(), "fail", "\"x\""]).failed();
    assert_eq!(
        said,
        "error: task `fail` failed\n  caused by: the order cannot be read\n  caused by: the count is no number\n  caused by: invalid digit found in string\n"
    );
}

#[test]
fn a_panic_is_told_with_its_place_and_without_its_control_characters() {
    let message = r#""\u001b[2Jout of tea\nline 2""#;
    let said = sandpool(["run", faults().path(), "boom", message]).failed();
    assert!(
        said.starts_with("error: task `boom` panicked at "),
        "{said}"
    );
    assert!(
        said.contains(": \\u{1b}[2Jout of tea\n    line 2\n"),
        "{said}"
    );
    assert!(said.contains("\n  in fault_tasks::boom"), "{said}");
}

#[test]
fn a_call_that_used_up_its_stack_shows_each_function_once() {
    let said = sandpool(["run", faults().path(), "recurse", "0"]).failed();
    assert!(
        said.starts_with("error: task `recurse` used up its stack of 1048576 bytes\n  in "),
        "{said}"
    );
    assert!(
        said.lines().count() < 5 && said.contains(" times)\n"),
        "{said}"
    );
}

#[test]
fn a_timeout_stops_a_call_that_does_not_end() {
    let said = sandpool(["run", faults().path(), "spin", "--timeout", "50ms"]).failed();
    let expected = "error: task `spin` ran longer than its limit of 50ms and was stopped\n";
    assert!(said.starts_with(expected), "{said}");
}

#[test]
fn a_call_gets_no_more_memory_than_it_may_have() {
    let module = faults();
    let hoard = |bytes| sandpool(["run", module.path(), "hoard", bytes, "--memory", "16MiB"]);
    assert_eq!(hoard("1048576").ok(), "256\n");
    let said = hoard("33554432").failed();
    assert!(said.starts_with("error: task `hoard` wanted "), "{said}");
    assert!(said.contains(" its limit is 16777216\n"), "{said}");
}

#[test]
fn more_workers_than_there_are_sandboxes_are_refused() {
    let module = faults();
    let args = ["run", module.path(), "nothing", "--workers", "1000000"];
    let said = sandpool(args).failed();
    assert!(
        said.starts_with("error: 1000000 workers were asked for"),
        "{said}"
    );
}

//! `sandpool inspect`.

use serde_json::Value;

use crate::command::{File, faults, reference, sandpool};

/// A module that imports the function `f` from `env`, and nothing else.
const IMPORTING: &[u8] = b"\0asm\x01\0\0\0\x01\x04\x01\x60\0\0\x02\x09\x01\x03env\x01f\0\0";

#[test]
fn every_task_is_shown_with_its_signature_and_its_indented_documentation() {
    let text = sandpool(["inspect", faults().path()]).ok();
    for task in [
        "add(left: i32, right: i32) -> i32\n    Adds two numbers.\n\n",
        "nothing()\n    Takes nothing and returns nothing.\n\n",
    ] {
        assert!(text.contains(task), "{text}");
    }
    assert!(
        text.contains("Line { articleName: String, count: u32"),
        "{text}"
    );
    let names: Vec<&str> = text
        .lines()
        .filter(|line| !line.starts_with(' '))
        .filter_map(|line| Some(line.split_once('(')?.0))
        .collect();
    assert!(names.is_sorted() && names.len() > 5, "{names:?}");
}

#[test]
fn memory_imports_and_sizes_come_after_the_tasks() {
    let text = sandpool(["inspect", reference().path()]).ok();
    assert!(
        text.contains("heavy_compute(n: u64) -> f64\n    "),
        "{text}"
    );
    let (_, end) = text.split_once("\nmemory   ").expect("the memory is shown");
    let lines: Vec<&str> = end.lines().collect();
    let [memory, imports, module] = lines[..] else {
        panic!("{end}");
    };
    assert!(memory.ends_with("KiB at the start of a call"), "{memory}");
    assert_eq!(imports, "imports  none");
    assert!(
        module.starts_with("module   ") && module.ends_with(" are code"),
        "{module}"
    );
}

#[test]
fn json_is_one_object_that_holds_the_same() {
    let json = sandpool(["inspect", "--json", faults().path()]).ok();
    assert_eq!(json.lines().count(), 1);
    let object: Value = serde_json::from_str(&json).expect("it is JSON");
    let tasks = object["tasks"].as_array().expect("tasks are a list");
    let add = tasks.iter().find(|task| task["name"] == "add");
    assert_eq!(
        add,
        Some(&serde_json::json!({
            "name": "add",
            "signature": "add(left: i32, right: i32) -> i32",
            "doc": "Adds two numbers.",
            "parameters": [
                { "name": "left", "schema": "i32" },
                { "name": "right", "schema": "i32" },
            ],
            "output": "i32",
        }))
    );
    assert_eq!(object["imports"], serde_json::json!([]));
    assert_eq!(object["module_bytes"], fault_tasks::MODULE.len());
    for number in ["memory_bytes", "code_bytes"] {
        assert!(object[number].as_u64() > Some(1000), "{json}");
    }
}

#[test]
fn a_module_without_tasks_is_shown_and_how_to_make_some() {
    let text = sandpool(["inspect", File::new(b"\0asm\x01\0\0\0").path()]).ok();
    assert!(text.starts_with("No tasks. "), "{text}");
    assert!(text.contains("`sandpool build`"), "{text}");
    assert!(text.contains("module   8 bytes"), "{text}");
}

#[test]
fn imports_are_shown_and_that_a_host_has_to_grant_them() {
    let module = File::new(IMPORTING);
    let text = sandpool(["inspect", module.path()]).ok();
    assert!(
        text.contains("a host has to grant it:\n    `f` from `env`\n"),
        "{text}"
    );
    let json = sandpool(["inspect", "--json", module.path()]).ok();
    assert!(
        json.contains(r#""imports":[{"module":"env","name":"f"}]"#),
        "{json}"
    );
}

#[test]
fn what_else_keeps_a_module_from_being_loaded_is_shown() {
    const EXPORT: &[u8] = b"sandpool_alloc";
    let mut wasm = fault_tasks::MODULE.to_vec();
    let at = wasm.windows(EXPORT.len()).position(|bytes| bytes == EXPORT);
    wasm[at.unwrap()] = b'x';
    let text = sandpool(["inspect", File::new(wasm).path()]).ok();
    let problem = "loading  impossible: the module does not export `sandpool_alloc`";
    assert!(text.contains(problem), "{text}");
}

#[test]
fn what_a_module_says_does_not_reach_the_terminal_as_commands() {
    const DOC: &[u8] = b"Adds two numbers.";
    const HOSTILE: &[u8] = b"\x1b[2J two numbers.";
    let mut wasm = fault_tasks::MODULE.to_vec();
    for at in 0..wasm.len() - DOC.len() {
        if wasm[at..].starts_with(DOC) {
            wasm[at..at + DOC.len()].copy_from_slice(HOSTILE);
        }
    }
    let module = File::new(wasm);
    let text = sandpool(["inspect", module.path()]).ok();
    assert!(text.contains("\n    \\u{1b}[2J two numbers.\n"), "{text}");
    let json = sandpool(["inspect", "--json", module.path()]).ok();
    assert!(!text.contains('\x1b') && !json.contains('\x1b'));
}

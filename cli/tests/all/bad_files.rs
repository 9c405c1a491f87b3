//! Files that are no module of tasks: each has its message, and exit code 1.

use crate::command::{File, sandpool};

/// Checks what `run` and `inspect` say to a file, after the file's name.
#[track_caller]
fn both_say(file: &File, expected: &str) {
    run_says(file, expected);
    let said = sandpool(["inspect", file.path()]).failed();
    assert_eq!(said, format!("error: {}: {expected}\n", file.path()));
}

#[track_caller]
fn run_says(file: &File, expected: &str) {
    let said = sandpool(["run", file.path(), "add", "[1,2]"]).failed();
    assert_eq!(said, format!("error: {}: {expected}\n", file.path()));
}

#[test]
fn a_missing_file_is_named() {
    for args in [
        &["run", "no-such.wasm", "add"][..],
        &["inspect", "no-such.wasm"],
    ] {
        let said = sandpool(args).failed();
        let expected = "error: no-such.wasm: the file cannot be read\n  caused by: ";
        assert!(said.starts_with(expected), "{said}");
    }
}

#[test]
fn an_empty_file_is_an_empty_module() {
    both_say(
        &File::new(""),
        "the module is empty; `sandpool build` makes one from a task crate",
    );
}

#[test]
fn text_is_not_wasm() {
    both_say(
        &File::new("fn main() {}"),
        "these bytes are not a wasm module (it would begin with `\\0asm`); `sandpool build` makes one from a task crate",
    );
}

#[test]
fn a_module_that_ends_early_is_not_valid() {
    let wasm = File::new(&fault_tasks::MODULE[..fault_tasks::MODULE.len() / 2]);
    for args in [&["run", wasm.path(), "add"][..], &["inspect", wasm.path()]] {
        let said = sandpool(args).failed();
        let expected = format!("error: {}: the module is not valid: ", wasm.path());
        assert!(said.starts_with(&expected), "{said}");
    }
}

#[test]
fn a_module_without_tasks_has_nothing_to_run() {
    run_says(
        &File::new(b"\0asm\x01\0\0\0"),
        "the module holds no sandpool tasks; mark functions with `#[task]` and build it with `sandpool build`",
    );
}

#[test]
fn a_module_of_another_version_of_the_abi_is_refused() {
    const SECTION: &[u8] = b"sandpool.tasks";
    const LENGTH_BYTES: usize = 4;
    let mut wasm = fault_tasks::MODULE.to_vec();
    let name = wasm
        .windows(SECTION.len())
        .position(|bytes| bytes == SECTION);
    let version = name.expect("the module has records") + SECTION.len() + LENGTH_BYTES;
    wasm[version..version + 4].copy_from_slice(&77_u32.to_le_bytes());
    both_say(
        &File::new(wasm),
        "the module was built for version 77 of the task ABI, this host speaks version 1; build it again with sandpool-guest of the host's version",
    );
}

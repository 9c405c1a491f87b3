//! Modules are built, follow changes, and say why they cannot be built.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use sandpool_build::{Artifact, Build, BuildError};
use tempfile::TempDir;

/// A workspace of a task crate with a module in a file of its own and a path dependency. Without
/// sandpool's macros, so that it compiles at once: the build does not care.
fn workspace() -> TempDir {
    let dir = tempfile::tempdir().unwrap();
    let files = [
        (
            "Cargo.toml",
            "[workspace]\nmembers = ['my tasks', 'helper']\nresolver = '3'\n",
        ),
        (
            "my tasks/Cargo.toml",
            "[package]\nname = 'my-tasks'\nversion = '0.1.0'\nedition = '2024'\n\
             [features]\ndefault = ['loud']\nloud = []\n\
             [dependencies]\nhelper = { path = '../helper' }\n",
        ),
        (
            "my tasks/src/lib.rs",
            "mod inner;\n\
             #[unsafe(no_mangle)] pub extern \"C\" fn answer() -> u64 { inner::answer() + helper::help() }\n\
             #[cfg(feature = \"loud\")]\n\
             #[unsafe(no_mangle)] pub extern \"C\" fn loud() {}\n",
        ),
        ("my tasks/src/inner.rs", "pub fn answer() -> u64 { 40 }\n"),
        (
            "helper/Cargo.toml",
            "[package]\nname = 'helper'\nversion = '0.1.0'\nedition = '2024'\n",
        ),
        ("helper/src/lib.rs", "pub fn help() -> u64 { 2 }\n"),
    ];
    for (path, text) in files {
        write(dir.path(), path, text);
    }
    dir
}

fn write(dir: &Path, path: &str, text: &str) {
    let path = dir.join(path);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

fn build(dir: &TempDir) -> Artifact {
    Build::new(dir.path().join("my tasks")).run().unwrap()
}

fn contains(artifact: &Artifact, bytes: &[u8]) -> bool {
    let module = fs::read(&artifact.module).unwrap();
    module.windows(bytes.len()).any(|window| window == bytes)
}

/// `i64.const` and the constant, as the optimiser leaves them.
const RETURNS_42: [u8; 2] = [0x42, 42];
const RETURNS_43: [u8; 2] = [0x42, 43];

#[test]
fn a_module_is_optimised_and_keeps_its_names() {
    let dir = workspace();
    let artifact = build(&dir);
    assert!(contains(&artifact, b"\0asm"));
    assert!(contains(&artifact, &RETURNS_42), "40 + 2 across two crates");
    assert!(contains(&artifact, b"\x04name"), "the name section");
    assert!(contains(&artifact, b"__stack_pointer"));
    assert!(!contains(&artifact, b".debug_info"));
}

#[test]
fn a_change_of_any_file_changes_the_module() {
    let dir = workspace();
    assert!(contains(&build(&dir), &RETURNS_42));
    write(
        dir.path(),
        "my tasks/src/inner.rs",
        "pub fn answer() -> u64 { 41 }\n",
    );
    newer(&dir.path().join("my tasks/src/inner.rs"));
    assert!(contains(&build(&dir), &RETURNS_43));
    write(
        dir.path(),
        "helper/src/lib.rs",
        "pub fn help() -> u64 { 1 }\n",
    );
    newer(&dir.path().join("helper/src/lib.rs"));
    assert!(contains(&build(&dir), &RETURNS_42));
}

/// Cargo compares times, and a test may be faster than the clock of the file system.
fn newer(path: &Path) {
    let file = fs::File::options().append(true).open(path).unwrap();
    let later = SystemTime::now() + std::time::Duration::from_secs(2);
    file.set_modified(later).unwrap();
}

#[test]
fn the_inputs_are_all_files_that_a_change_can_be_in() {
    let dir = workspace();
    let root = dir.path().canonicalize().unwrap();
    let inputs: Vec<PathBuf> = build(&dir)
        .inputs
        .iter()
        .map(|input| input.canonicalize().unwrap())
        .collect();
    for input in [
        "Cargo.toml",
        "Cargo.lock",
        "my tasks/Cargo.toml",
        "my tasks/src/lib.rs",
        "my tasks/src/inner.rs",
        "helper/Cargo.toml",
        "helper/src/lib.rs",
    ] {
        assert!(inputs.contains(&root.join(input)), "{input}: {inputs:?}");
    }
}

#[test]
fn features_are_those_that_were_asked_for() {
    let dir = workspace();
    assert!(contains(&build(&dir), b"loud"));
    let quiet = Build::new(dir.path().join("my tasks")).no_default_features();
    assert!(!contains(&quiet.clone().run().unwrap(), b"loud"));
    assert!(contains(&quiet.features(["loud"]).run().unwrap(), b"loud"));
}

#[test]
fn the_target_folder_is_the_one_that_was_asked_for() {
    let dir = workspace();
    let target = tempfile::tempdir().unwrap();
    let build = Build::new(dir.path().join("my tasks")).target_dir(target.path());
    assert!(build.run().unwrap().module.starts_with(target.path()));
    assert!(!dir.path().join("target").exists());
}

#[test]
fn folders_may_be_relative() {
    let dir = workspace();
    let here = std::env::current_dir().unwrap();
    let up: PathBuf = here.components().skip(1).map(|_| "..").collect();
    let from_here = |path: &Path| up.join(path.strip_prefix("/").unwrap());
    let tasks = from_here(&dir.path().join("my tasks"));
    assert!(tasks.is_relative());
    assert!(Build::new(&tasks).run().unwrap().module.is_file());
    let target = from_here(&dir.path().join("elsewhere"));
    let artifact = Build::new(&tasks).target_dir(target).run().unwrap();
    assert!(artifact.module.is_file());
    assert!(dir.path().join("elsewhere").is_dir());
}

#[test]
fn what_cannot_be_built_says_why() {
    let dir = tempfile::tempdir().unwrap();
    let run = || Build::new(dir.path()).run().unwrap_err();

    assert!(matches!(run(), BuildError::NoManifest(path) if path == dir.path()));

    write(dir.path(), "Cargo.toml", "[package\n");
    assert!(matches!(run(), BuildError::Manifest(_)));

    let package = "[package]\nname = 'p'\nversion = '0.1.0'\nedition = '2024'\n[workspace]\n";
    write(dir.path(), "Cargo.toml", package);
    write(dir.path(), "src/main.rs", "fn main() {}\n");
    let error = run();
    assert!(matches!(&error, BuildError::Manifest(_)), "{error}");
    assert!(
        error.to_string().contains("no package with a library"),
        "{error}"
    );

    write(dir.path(), "src/lib.rs", "pub fn f() -> u8 { \"x\" }\n");
    assert!(matches!(run(), BuildError::Compile(_)));
}

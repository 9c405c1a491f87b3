//! `sandpool new`, and `build` of what it made.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;

use crate::command::{Said, command, folder, workspace};

/// A task with a type of its own, as a user would add it.
const TASK: &str = r#"
/// An article, and how many of it.
#[derive(serde::Serialize, serde::Deserialize, sandpool_guest::Schema)]
pub struct Item {
    pub name: String,
    pub count: u32,
    pub price: f64,
}

/// Adds up what the items cost.
#[task]
pub fn total(items: &[Item], rate: f64) -> Result<f64, String> {
    if items.is_empty() {
        return Err("there is nothing to add up".to_owned());
    }
    Ok(items.iter().map(|item| item.price * f64::from(item.count) * rate).sum())
}
"#;

/// A test of it.
const TEST: &str = r#"
#[test]
fn the_new_task_runs_in_a_sandbox() -> anyhow::Result<()> {
    let item = tasks::Item { name: "tea".to_owned(), count: 3, price: 1.5 };
    let processes = ProcessPool::new(tasks::MODULE)?;
    assert_eq!(processes.submit(tasks::total, (vec![item], 2.0))?.join()?, 9.0);
    assert!(processes.submit(tasks::total, (vec![], 2.0))?.join().is_err());
    Ok(())
}
"#;

fn sandpool_in(dir: &Path, args: &[&str]) -> Said {
    let output = command(args)
        .current_dir(dir)
        .env("CARGO_TARGET_DIR", target_dir())
        .output();
    output.expect("the command can be started").into()
}

/// One folder for all runs of the tests: the engine is compiled once.
fn target_dir() -> &'static str {
    concat!(env!("CARGO_TARGET_TMPDIR"), "/new")
}

fn cargo(project: &Path, args: &[&str]) -> String {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(cargo)
        .args(args)
        .current_dir(project)
        .env("CARGO_TARGET_DIR", target_dir())
        .output();
    let said = Said::from(output.expect("cargo can be started"));
    assert_eq!(said.code, Some(0), "{}\n{}", said.stdout, said.stderr);
    assert!(!said.stderr.contains("warning"), "{}", said.stderr);
    said.stdout
}

fn append(file: &Path, text: &str) {
    let old = fs::read_to_string(file).expect("the file was made");
    fs::write(file, old + text).expect("the file can be written");
}

#[test]
fn a_new_project_with_one_more_task_builds_passes_its_tests_and_runs() {
    let folder = folder();
    let made = sandpool_in(folder.path(), &["new", "tea-shop"]).ok();
    assert!(made.starts_with("made tea-shop/\n"), "{made}");
    assert!(
        made.ends_with("\nnow type\n  cd tea-shop\n  cargo run\n  cargo test\n"),
        "{made}"
    );

    let project = folder.path().join("tea-shop");
    // The versions that the other tests have compiled.
    fs::copy(workspace().join("Cargo.lock"), project.join("Cargo.lock")).expect("it is there");
    append(&project.join("tasks/src/lib.rs"), TASK);
    append(&project.join("host/src/main.rs"), TEST);

    let tests = cargo(&project, &["test"]);
    for test in [
        "tests::a_task_runs_in_a_sandbox",
        "tests::there_are_25_primes_below_100",
        "the_new_task_runs_in_a_sandbox",
    ] {
        assert!(tests.contains(&format!("test {test} ... ok")), "{tests}");
    }
    let printed = cargo(&project, &["run"]);
    let lines: Vec<&str> = printed.lines().collect();
    assert_eq!(
        lines[..3],
        [
            "4 prime numbers below 10",
            "168 prime numbers below 1000",
            "9592 prime numbers below 100000",
        ]
    );
    assert!(lines[3].ends_with(" entries in this folder"), "{printed}");

    builds_a_module(&project);
}

/// The tasks of the project, built from its folder and given to `run`.
fn builds_a_module(project: &Path) {
    let built = sandpool_in(project, &["build", "tasks"]);
    assert_eq!(built.code, Some(0), "{built:?}");
    let lines: Vec<&str> = built.stdout.lines().collect();
    assert!(lines[0].starts_with("tea_shop_tasks.wasm: "), "{built:?}");
    assert_eq!(
        lines[1..],
        [
            "  count_primes(limit: u64) -> u64",
            "  total(items: Vec<Item { name: String, count: u32, price: f64 }>, rate: f64) -> f64",
        ]
    );
    let items = r#"[[{"name": "tea", "count": 3, "price": 1.5}], 2.0]"#;
    let run = ["run", "tea_shop_tasks.wasm", "total", items];
    assert_eq!(sandpool_in(project, &run).ok(), "9.0\n");

    let built = sandpool_in(&project.join("tasks"), &["build", "-o", "other.wasm"]);
    assert_eq!(built.code, Some(0), "{built:?}");
    let run = ["run", "tasks/other.wasm", "count_primes", "100"];
    assert_eq!(sandpool_in(project, &run).ok(), "25\n");

    // Compiled once, for `run`, too.
    let built = sandpool_in(project, &["build", "tasks", "--precompile", "compiled"]);
    assert_eq!(built.code, Some(0), "{built:?}");
    let compiled = || -> Vec<_> {
        let files = fs::read_dir(project.join("compiled")).unwrap();
        let files = files.map(|file| file.unwrap());
        let modified = |file: &fs::DirEntry| file.metadata().unwrap().modified().unwrap();
        files.map(|file| (file.path(), modified(&file))).collect()
    };
    let before = compiled();
    assert_eq!(before.len(), 1);
    let run = ["run", "tea_shop_tasks.wasm", "count_primes", "100"];
    let run = [&run[..], &["--store", "compiled"]].concat();
    assert_eq!(sandpool_in(project, &run).ok(), "25\n");
    assert_eq!(compiled(), before);

    let refused = sandpool_in(
        project,
        &["build", "tasks", "--features", "no-such-feature"],
    );
    assert_eq!(refused.code, Some(1), "{refused:?}");
    assert!(refused.stderr.contains("no-such-feature"), "{refused:?}");
    assert!(
        refused.stderr.contains("\nerror: the tasks in "),
        "{refused:?}"
    );
}

#[test]
fn what_is_no_crate_of_tasks_is_not_built() {
    let folder = folder();
    let said = sandpool_in(folder.path(), &["build"]).failed();
    assert!(said.contains("there is no Cargo.toml in "), "{said}");
    let said = sandpool_in(folder.path(), &["build", "nowhere"]).failed();
    assert!(
        said.starts_with("error: nowhere: there is no such folder\n"),
        "{said}"
    );
}

#[test]
fn an_existing_folder_is_left_as_it_is() {
    let folder = folder();
    let existing = folder.path().join("mine");
    fs::create_dir(&existing).expect("the folder can be made");
    let said = sandpool_in(folder.path(), &["new", "mine"]).failed();
    assert!(
        said.starts_with("error: mine: there is such a file or folder already"),
        "{said}"
    );
    assert_eq!(fs::read_dir(existing).expect("it is there").count(), 0);
}

#[test]
fn a_bad_name_is_wrong_usage_and_makes_nothing() {
    let folder = folder();
    for (name, why) in [
        ("1st", "begins with a letter"),
        ("a b", "` ` cannot be in the name"),
        ("../up", "`.` cannot be in the name"),
        ("match", "a keyword of Rust"),
        ("test", "a library of Rust"),
        ("sandpool", "a package that the project needs"),
    ] {
        let said = sandpool_in(folder.path(), &["new", name]);
        assert_eq!(said.code, Some(2), "{said:?}");
        assert!(said.stderr.contains(why), "{said:?}");
    }
    assert_eq!(fs::read_dir(folder.path()).expect("it is there").count(), 0);
}

#[test]
fn the_checkout_to_depend_on_can_be_named() {
    let folder = folder();
    let root = workspace().canonicalize().expect("it is there");
    let root = root.to_str().expect("the path is UTF-8");
    sandpool_in(folder.path(), &["new", "app", "--sandpool-path", root]).ok();
    let manifest = folder.path().join("app/Cargo.toml");
    let manifest = fs::read_to_string(manifest).expect("it was made");
    for (package, folder) in [
        ("sandpool", "host"),
        ("sandpool-guest", "guest"),
        ("sandpool-build", "guest/build"),
    ] {
        let line = format!("\n{package} = {{ path = \"{root}/{folder}\" }}\n");
        assert!(manifest.contains(&line), "{manifest}");
    }

    let said = sandpool_in(folder.path(), &["new", "other", "--sandpool-path", "app"]).failed();
    assert!(
        said.starts_with("error: app: that is no checkout of sandpool"),
        "{said}"
    );
    assert!(!folder.path().join("other").exists());
}

#[test]
fn a_debug_build_of_a_new_project_is_as_fast_as_one_of_this_workspace() {
    let profile = |file: &Path| -> BTreeSet<String> {
        let manifest = fs::read_to_string(file).expect("it is there");
        let lines = manifest.lines();
        lines
            .filter(|line| line.starts_with("[profile.dev"))
            .map(str::to_owned)
            .collect()
    };
    let template = Path::new(env!("CARGO_MANIFEST_DIR")).join("templates/manifest.toml");
    assert_eq!(profile(&template), profile(&workspace().join("Cargo.toml")));
}

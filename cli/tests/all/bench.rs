//! `sandpool bench`. What is measured takes as long as it takes, so these runs are small; no figure is checked.

use serde_json::Value;

use crate::command::{File, folder, reference, sandpool};

/// A run of one kernel for two rounds, as a record.
fn record(kernel: &str) -> Value {
    let said = sandpool([
        "bench",
        "--kernel",
        kernel,
        "--rounds",
        "2",
        "--workers",
        "1,2",
        "--json",
        "-",
    ]);
    assert_eq!(said.code, Some(0), "{said:?}");
    serde_json::from_str(&said.stdout).expect("it is JSON")
}

#[test]
fn a_kernel_runs_natively_on_threads_and_in_sandboxes_and_returns_the_same() {
    let record = record("recursive_calls");
    let run = &record["kernels"]["runs"][0];
    assert_eq!(run["kernel"], "recursive_calls");
    assert!(run["checksum"].is_u64(), "{run}");
    let series = run["series"].as_array().expect("there are series");
    let places = series
        .iter()
        .map(|series| (series["place"].as_str(), series["workers"].as_u64()));
    let expected = [
        ("native", 1),
        ("threads", 1),
        ("sandbox", 1),
        ("threads", 2),
        ("sandbox", 2),
    ];
    assert_eq!(
        places.collect::<Vec<_>>(),
        expected.map(|(place, workers)| (Some(place), Some(workers)))
    );
    for series in series {
        let seconds = series["seconds"].as_array().expect("there are times");
        assert_eq!(seconds.len(), 2, "{series}");
        assert!(
            seconds.iter().all(|seconds| seconds.as_f64() > Some(0.0)),
            "{series}"
        );
    }
}

#[test]
fn the_machine_and_the_command_are_in_the_record() {
    let record = record("sieve");
    assert_eq!(record["format"], 1);
    let command = record["command"].as_str().expect("it is text");
    assert!(
        command.starts_with("sandpool bench --kernel sieve"),
        "{command}"
    );
    let machine = &record["machine"];
    assert!(machine["processors"].as_u64() > Some(0), "{machine}");
    for what in ["cpu", "os", "sandpool", "engine", "rustc", "profile"] {
        assert!(
            machine[what].as_str().is_some_and(|text| !text.is_empty()),
            "{machine}"
        );
    }
}

#[test]
fn an_unknown_kernel_is_refused_and_the_known_ones_are_named() {
    let said = sandpool(["bench", "--kernel", "sive", "--json", "-"]);
    assert_eq!((said.code, said.stdout.as_str()), (Some(1), ""), "{said:?}");
    assert!(
        said.stderr.contains("there is no kernel `sive`"),
        "{said:?}"
    );
    assert!(said.stderr.contains("sieve"), "{said:?}");
}

#[test]
fn a_task_of_ones_own_is_measured_under_both_isolations() {
    let module = reference();
    let options = [
        "--module",
        module.path(),
        "--task",
        "primes_below",
        "--args",
        "1000",
    ];
    let said = sandpool(
        [
            &["bench", "--quick", "--workers", "1,2", "--json", "-"],
            &options[..],
        ]
        .concat(),
    );
    assert_eq!(said.code, Some(0), "{said:?}");
    let record: Value = serde_json::from_str(&said.stdout).expect("it is JSON");
    assert_eq!(record["task"]["task"], "primes_below");
    assert_eq!(record["task"]["module_bytes"], guest_tasks::MODULE.len());
    let series = record["task"]["series"]
        .as_array()
        .expect("there are series");
    let kinds = series
        .iter()
        .map(|series| (series["isolation"].as_str(), series["workers"].as_u64()));
    let expected = [("fresh", 1), ("reuse", 1), ("fresh", 2), ("reuse", 2)];
    assert_eq!(
        kinds.collect::<Vec<_>>(),
        expected.map(|(isolation, workers)| (Some(isolation), Some(workers)))
    );
    for series in series {
        let percentiles = series["percentiles"]
            .as_array()
            .expect("there are percentiles");
        let percentiles: Vec<f64> = percentiles.iter().filter_map(Value::as_f64).collect();
        assert!(
            percentiles.len() == 101 && percentiles.is_sorted(),
            "{series}"
        );
    }
}

#[test]
fn a_task_that_fails_is_an_error_that_says_why() {
    let module = crate::command::faults();
    let options = [
        "--module",
        module.path(),
        "--task",
        "boom",
        "--args",
        "\"told you\"",
    ];
    let said = sandpool([&["bench", "--quick"], &options[..]].concat());
    assert_eq!((said.code, said.stdout.as_str()), (Some(1), ""), "{said:?}");
    assert!(said.stderr.contains("told you"), "{said:?}");
}

#[test]
fn a_file_that_cannot_be_written_is_an_error_before_anything_is_measured() {
    let said = sandpool(["bench", "--html", "no-such-folder/report.html"]);
    assert_eq!((said.code, said.stdout.as_str()), (Some(1), ""), "{said:?}");
    assert!(
        said.stderr
            .contains("no-such-folder/report.html: cannot be written"),
        "{said:?}"
    );
}

#[test]
fn two_rounds_are_said_to_be_too_few_to_compare() {
    let folder = folder();
    let file = folder.path().join("a.json");
    std::fs::write(&file, record("sieve").to_string()).expect("the folder can be written");
    let file = file.to_str().expect("it is UTF-8");
    let said = sandpool(["bench", "compare", file, file]).ok();
    assert!(
        said.contains("2 and 2 rounds are too few to tell"),
        "{said}"
    );
    assert!(!said.contains("No difference"), "{said}");
}

#[test]
fn a_record_that_was_kept_is_shown_again() {
    let folder = folder();
    let [json, again] =
        ["a.json", "b.json"].map(|name| folder.path().join(name).display().to_string());
    std::fs::write(&json, record("sieve").to_string()).expect("the folder can be written");
    let shown = sandpool(["bench", "show", &json, "--json", &again]).ok();
    assert!(shown.contains("sieve"), "{shown}");
    let [first, second] = [json, again].map(|file| {
        let text = std::fs::read_to_string(file).expect("it was written");
        serde_json::from_str::<Value>(&text).expect("it is JSON")
    });
    assert_eq!(first, second);
}

#[test]
fn what_is_no_record_is_refused() {
    let file = File::new("{}");
    let said = sandpool(["bench", "compare", file.path(), file.path()]).failed();
    assert!(
        said.contains("no record of `sandpool bench --json`"),
        "{said}"
    );
}

#[test]
fn pages_and_pictures_are_written_beside_the_tables() {
    let folder = folder();
    let path = |name: &str| folder.path().join(name).display().to_string();
    let (html, svg, markdown) = (path("a.html"), path("a.svg"), path("a.md"));
    let files = ["--html", &html, "--svg", &svg, "--markdown", &markdown];
    let said = sandpool([&["bench", "--kernel", "sieve", "--rounds", "1"], &files[..]].concat());
    assert_eq!(said.code, Some(0), "{said:?}");
    assert!(said.stdout.contains("sieve"), "{said:?}");
    for (file, begins) in [(html, "<!doctype html>"), (svg, "<svg"), (markdown, "")] {
        let text = std::fs::read_to_string(file).expect("it was written");
        assert!(text.to_lowercase().starts_with(begins), "{text:.100}");
        assert!(text.contains("sieve"), "{text:.100}");
    }
}

#[test]
fn the_notes_program_prints_what_it_prints_in_python() {
    let lines = sandpool(["bench", "part", "heavy"]).ok();
    assert_eq!(lines, "21081849486.439312\n".repeat(4));
}

#[test]
fn a_part_that_there_is_not_is_an_error() {
    let said = sandpool(["bench", "part", "no-such"]).failed();
    assert!(said.contains("there is no part"), "{said}");
}

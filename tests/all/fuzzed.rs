//! What fuzzers have found, and inputs of every kind that they begin with: once more through the targets.

use std::fs;
use std::path::{Path, PathBuf};

use sandpool_tests::fuzzed;

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("fuzz")
        .join(name)
}

/// The files in the folder, by name.
fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap_or_else(|e| panic!("{}: {e}", folder.display()));
    let mut files: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
}

fn replay(target: &str, run: fn(&[u8])) {
    let corpus = files(&folder("corpus").join(target));
    assert!(!corpus.is_empty(), "the corpus of {target} is empty");
    let regressions = folder("regressions").join(target);
    // A target that has found nothing has no such folder.
    let regressions = regressions.exists().then(|| files(&regressions));
    for file in corpus.iter().chain(regressions.iter().flatten()) {
        // Shown where the test fails.
        println!("{}", file.display());
        run(&fs::read(file).unwrap());
    }
}

#[test]
fn kept_bytes_are_loaded_or_refused() {
    replay("load", fuzzed::load);
}

#[test]
fn kept_modules_that_were_made_up_harm_nobody() {
    replay("generated", fuzzed::generated);
}

#[test]
fn kept_answers_are_read_or_refused() {
    replay("answer", fuzzed::answer);
}

#[test]
fn kept_arguments_end_as_they_may() {
    replay("arguments", fuzzed::arguments);
}

#[test]
fn every_target_is_replayed() {
    let replayed = ["answer", "arguments", "generated", "load"];
    let targets = files(&folder("targets"));
    let names: Vec<_> = targets
        .iter()
        .map(|file| file.file_stem().unwrap())
        .collect();
    assert_eq!(names, replayed);
    // Where nothing was found, there is no folder of what was.
    let kept = ["corpus", "regressions"].map(|kept| (kept, folder(kept)));
    for (kept, folder) in kept.iter().filter(|(_, folder)| folder.exists()) {
        for target in files(folder) {
            let name = target.file_name().unwrap().to_str().unwrap();
            assert!(
                replayed.contains(&name),
                "{kept} for {name}, which is no target"
            );
        }
    }
}

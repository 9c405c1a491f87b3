//! The inputs that fuzzing starts from, and those that it has found.

use std::fs;
use std::path::Path;

use sandpool_tests::fuzzed::TARGETS;

/// Returns the files of a folder of the fuzzing targets.
fn inputs(folder: &str, target: &str) -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("fuzz")
        .join(folder)
        .join(target);
    let Ok(files) = fs::read_dir(&folder) else {
        return Vec::new();
    };
    files
        .map(|file| fs::read(file.unwrap().path()).unwrap())
        .collect()
}

#[test]
fn what_fuzzing_starts_from_is_there_and_breaks_nothing() {
    for (target, run) in TARGETS {
        let inputs = inputs("corpus", target);
        assert!(inputs.len() >= 10, "{target}: {} inputs", inputs.len());
        inputs.iter().for_each(|input| run(input));
    }
}

#[test]
fn what_fuzzing_has_found_stays_mended() {
    for (target, run) in TARGETS {
        inputs("regressions", target)
            .iter()
            .for_each(|input| run(input));
    }
}

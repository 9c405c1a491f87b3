//! Tells the program what it is made of: the versions of the compiler and of the engine.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

fn main() {
    let rustc = env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let version = Command::new(rustc).arg("--version").output();
    let version = version
        .ok()
        .and_then(|output| String::from_utf8(output.stdout).ok());
    let version = version.unwrap_or_else(|| "rustc of an unknown version".to_owned());
    println!("cargo::rustc-env=SANDPOOL_BENCH_RUSTC={}", version.trim());

    let engine = lock_file().and_then(|file| {
        println!("cargo::rerun-if-changed={}", file.display());
        version_in(&fs::read_to_string(file).ok()?, "wasmtime")
    });
    let engine = engine.unwrap_or_else(|| "of an unknown version".to_owned());
    println!("cargo::rustc-env=SANDPOOL_BENCH_ENGINE=wasmtime {engine}");
    println!("cargo::rerun-if-changed=build.rs");
}

/// The lock file that this build goes by: that of the folder around the target folder, or around the
/// package.
fn lock_file() -> Option<PathBuf> {
    let starts = ["OUT_DIR", "CARGO_MANIFEST_DIR"].map(env::var_os);
    let mut folders = starts
        .iter()
        .flatten()
        .flat_map(|start| Path::new(start).ancestors());
    folders.find_map(|folder| {
        let file = folder.join("Cargo.lock");
        file.is_file().then_some(file)
    })
}

/// The version that a lock file has of a package.
fn version_in(lock: &str, package: &str) -> Option<String> {
    let entry = format!("name = \"{package}\"");
    let mut lines = lock.lines().skip_while(|line| *line != entry);
    let version = lines.nth(1)?.strip_prefix("version = \"")?;
    Some(version.trim_end_matches('"').to_owned())
}

//! Compiles the tasks and the program to wasm32 with WASI preview 1.

use std::env;
use std::path::PathBuf;
use std::process::Command;

fn main() {
    println!("cargo::rerun-if-changed=program.rs");
    // Adds the target where it is missing, or ends with the command that does.
    sandpool_build::compile_for_wasi();
    let program = PathBuf::from(env::var_os("OUT_DIR").unwrap()).join("program.wasm");
    let status = Command::new(env::var_os("RUSTC").unwrap())
        .args(["--edition=2024", "--target=wasm32-wasip1", "-O"])
        .args(["-Cstrip=debuginfo", "-o"])
        .arg(&program)
        .arg("program.rs")
        .status();
    assert!(
        status.is_ok_and(|status| status.success()),
        "the program does not compile for wasm32-wasip1; is it installed? type: rustup target add wasm32-wasip1"
    );
    println!("cargo::rustc-env=PROGRAM={}", program.display());
}

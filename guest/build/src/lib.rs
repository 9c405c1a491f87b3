//! Compiles a crate of sandpool tasks to a wasm32 module: from its own build script with
//! [`compile`], or from any program with [`Build`].
//!
//! The build script of a task crate is:
//!
//! ```no_run
//! # #[expect(clippy::needless_doctest_main, reason = "a build script is a program")]
//! fn main() {
//!     sandpool_build::compile();
//! }
//! ```
//!
//! The crate's `lib.rs` then says `sandpool_guest::module!();` and has the module as `MODULE`. An
//! ordinary `cargo build` of a program that depends on the crate does it all; nothing needs a second
//! command, and the crate needs no `crate-type`.
//!
//! The module is always built with [the same profile](Build), whatever the profile of the program:
//! a guest in debug mode would be many times slower than the host around it.

#![forbid(unsafe_code)]

mod build;
mod error;
mod inputs;
mod target;

pub use build::{Artifact, Build};
pub use error::BuildError;

use std::env;
use std::path::{Path, PathBuf};

/// Compiles the crate whose build script calls this, and hands the module to `module!()`.
///
/// While the crate itself is being compiled to wasm this does nothing. The script runs again when a
/// source file of the crate or of a path dependency, a `Cargo.toml` of one of them, or `Cargo.lock`
/// has changed. A missing `wasm32-unknown-unknown` target is added with rustup.
///
/// Where the module cannot be built, prints why and what to do, and ends the script with code 1.
pub fn compile() {
    compile_with(|build| build);
}

/// Does what [`compile`] does for `wasm32-wasip1`: see [`Build::wasi`].
pub fn compile_for_wasi() {
    compile_with(Build::wasi);
}

/// Does what [`compile`] does, with other settings than the defaults.
///
/// ```no_run
/// # #[expect(clippy::needless_doctest_main, reason = "a build script is a program")]
/// fn main() {
///     sandpool_build::compile_with(|build| build.stack_bytes(1 << 20));
/// }
/// ```
pub fn compile_with(settings: impl FnOnce(Build) -> Build) {
    if let Err(error) = compile_for_script(settings) {
        eprintln!("\nsandpool-build: {error}\n");
        std::process::exit(1);
    }
}

fn compile_for_script(settings: impl FnOnce(Build) -> Build) -> Result<(), BuildError> {
    let variable = |name: &'static str| env::var_os(name).ok_or(BuildError::NotABuildScript(name));
    if variable("TARGET")?.to_string_lossy().starts_with("wasm32") {
        return Ok(());
    }
    let out = PathBuf::from(variable("OUT_DIR")?);
    let features = env::var("CARGO_CFG_FEATURE").unwrap_or_default();
    let build = Build::new(PathBuf::from(variable("CARGO_MANIFEST_DIR")?))
        .target_dir(target_dir(&out))
        .no_default_features()
        .features(features.split(',').filter(|feature| !feature.is_empty()));
    let artifact = settings(build).run()?;
    let module = out.join("sandpool.wasm");
    std::fs::copy(&artifact.module, &module).map_err(|source| BuildError::Io {
        path: artifact.module.clone(),
        source,
    })?;
    for input in artifact.inputs {
        println!("cargo::rerun-if-changed={}", input.display());
    }
    println!("cargo::rustc-env=SANDPOOL_MODULE={}", module.display());
    Ok(())
}

/// The target folder of the modules. Next to the outer build's `build` folder if `out` lies where
/// cargo puts it, so that all task crates of a workspace share their dependencies; else below `out`.
/// It cannot be the outer build's own folder, which is locked while build scripts run.
fn target_dir(out: &Path) -> PathBuf {
    let profile = out
        .ancestors()
        .nth(2)
        .filter(|build| build.ends_with("build"))
        .and_then(Path::parent);
    profile.unwrap_or(out).join("sandpool-wasm")
}

#[cfg(test)]
mod tests {
    use super::target_dir;
    use std::path::Path;

    #[test]
    fn modules_of_a_workspace_share_a_target_folder() {
        let of = |out| target_dir(Path::new(out));
        assert_eq!(
            of("/w/target/debug/build/tasks-0123/out"),
            Path::new("/w/target/debug/sandpool-wasm")
        );
        assert_eq!(
            of("/elsewhere/out"),
            Path::new("/elsewhere/out/sandpool-wasm")
        );
    }
}

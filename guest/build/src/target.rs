//! Makes sure that the compiler can compile for wasm32.

use std::fs::File;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::BuildError;

/// No operating system, so nothing to grant and nothing to import.
pub(crate) const NO_SYSTEM: &str = "wasm32-unknown-unknown";

/// An operating system, as far as the host grants it.
pub(crate) const WASI: &str = "wasm32-wasip1";

/// Adds the target with rustup where it is missing. `dir` is the crate's folder, whose toolchain is
/// meant; `lock_dir` is shared by the build scripts that may do so at the same time, which rustup
/// does not expect.
pub(crate) fn ensure(target: &'static str, dir: &Path, lock_dir: &Path) -> Result<(), BuildError> {
    if is_installed(target, dir) {
        return Ok(());
    }
    let lock = std::fs::create_dir_all(lock_dir)
        .and_then(|()| File::create(lock_dir.join(".rustup-lock")));
    // Without the lock the worst case is rustup's own error message.
    if let Ok(lock) = &lock {
        let _ = lock.lock();
    }
    if is_installed(target, dir) {
        return Ok(());
    }
    eprintln!("sandpool-build: adding the target {target} with rustup");
    let added = Command::new("rustup")
        .args(["target", "add", target])
        .current_dir(dir)
        .stdin(Stdio::null())
        .output();
    let said = match added {
        Ok(output) if output.status.success() && is_installed(target, dir) => return Ok(()),
        Ok(output) => String::from_utf8_lossy(&output.stderr).trim().to_owned(),
        Err(error) => format!("rustup: {error}"),
    };
    Err(BuildError::MissingTarget { target, said })
}

/// Whether the standard library for the target lies where the compiler looks for it.
fn is_installed(target: &str, dir: &Path) -> bool {
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let libraries = Command::new(rustc)
        .args(["--print", "target-libdir", "--target", target])
        .current_dir(dir)
        .stdin(Stdio::null())
        .output();
    libraries.is_ok_and(|output| {
        let path = String::from_utf8_lossy(&output.stdout).trim().to_owned();
        std::fs::read_dir(path).is_ok_and(|mut files| files.next().is_some())
    })
}

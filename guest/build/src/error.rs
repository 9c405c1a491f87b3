//! Why a module could not be built.

use std::path::PathBuf;
use std::{fmt, io};

/// Why a task crate could not be compiled to wasm.
#[derive(Debug)]
#[non_exhaustive]
pub enum BuildError {
    /// The folder has no `Cargo.toml`.
    NoManifest(PathBuf),
    /// Cargo refused the manifest, or the package has no library. Holds what cargo said.
    Manifest(String),
    /// The compiler cannot compile for wasm32, and rustup could not add the target.
    MissingTarget {
        /// The target.
        target: &'static str,
        /// What rustup said.
        said: String,
    },
    /// Cargo could not be started.
    Cargo(io::Error),
    /// The crate does not compile for wasm32. The compiler's messages went to stderr.
    Compile(PathBuf),
    /// A file of the build could not be read or copied.
    Io {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A variable that cargo sets for build scripts is not there.
    NotABuildScript(&'static str),
}

impl fmt::Display for BuildError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoManifest(dir) => write!(
                f,
                "there is no Cargo.toml in {}; name the folder of a task crate",
                dir.display()
            ),
            Self::Manifest(said) => f.write_str(said),
            Self::MissingTarget { target, said } => write!(
                f,
                "the target {target} is not installed and could not be added ({said}); type: rustup target add {target}"
            ),
            Self::Cargo(_) => f.write_str("cargo could not be started"),
            Self::Compile(dir) => write!(
                f,
                "the tasks in {} do not compile for wasm32; the compiler's messages are above",
                dir.display()
            ),
            Self::Io { path, .. } => write!(f, "{} cannot be read or written", path.display()),
            Self::NotABuildScript(name) => write!(
                f,
                "the variable {name} is not set; `compile` is for build scripts, other programs use `Build`"
            ),
        }
    }
}

impl std::error::Error for BuildError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Cargo(source) | Self::Io { source, .. } => Some(source),
            _ => None,
        }
    }
}

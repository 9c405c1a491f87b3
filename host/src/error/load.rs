//! A module could not be loaded, or is not the one that was expected.

use std::path::PathBuf;
use std::{fmt, io};

use sandpool_abi::ABI_VERSION;

/// Why a module could not be loaded, or does not have a task that was asked for.
#[derive(Debug)]
#[non_exhaustive]
pub enum LoadError {
    /// The file cannot be read.
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// There are no bytes.
    Empty,
    /// The bytes do not begin as a wasm module does.
    NotWasm,
    /// The bytes are a wasm component, not a core module.
    Component,
    /// The module is larger than the limit.
    TooLarge {
        /// Its size in bytes.
        bytes: usize,
        /// The limit in bytes.
        limit_bytes: usize,
    },
    /// The wasm is malformed, or uses a part of WebAssembly that is switched off. Holds the reason.
    Invalid(String),
    /// The module holds no records of tasks.
    NoTasks,
    /// The module was built for another version of the ABI.
    AbiVersion {
        /// The module's version.
        found: u32,
    },
    /// The records of the module's tasks are damaged.
    BadRecords,
    /// Two tasks have the same name.
    DuplicateTask(String),
    /// The module imports something, and nothing is granted.
    Import {
        /// The import's module.
        module: String,
        /// The import's name.
        name: String,
    },
    /// The module lacks an export, or has it with another type.
    Export(String),
    /// The module has a start function.
    StartFunction,
    /// The module has no task of this name.
    MissingTask {
        /// The name.
        task: String,
        /// The names that there are.
        available: Vec<String>,
    },
    /// The module's task of this name takes or returns something else.
    Signature {
        /// What the host was compiled against.
        expected: String,
        /// What the module has.
        found: String,
    },
}

impl fmt::Display for LoadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File { path, .. } => write!(f, "{} cannot be read", path.display()),
            Self::Empty => f.write_str(
                "the module is empty; `sandpool build` makes one from a task crate",
            ),
            Self::NotWasm => f.write_str(
                "these bytes are not a wasm module (it would begin with `\\0asm`); `sandpool build` makes one from a task crate",
            ),
            Self::Component => f.write_str(
                "this is a wasm component, and tasks live in core modules; build the crate for wasm32-unknown-unknown",
            ),
            Self::TooLarge { bytes, limit_bytes } => {
                write!(f, "the module has {bytes} bytes, the limit is {limit_bytes}")
            }
            Self::Invalid(reason) => write!(f, "the module is not valid: {reason}"),
            Self::NoTasks => f.write_str(
                "the module holds no sandpool tasks; mark functions with `#[task]` and build it with `sandpool build`",
            ),
            Self::AbiVersion { found } => write!(
                f,
                "the module was built for version {found} of the task ABI, this host speaks version {ABI_VERSION}; build it again with sandpool-guest of the host's version"
            ),
            Self::BadRecords => f.write_str(
                "the list of tasks in the module is damaged; build the module again",
            ),
            Self::DuplicateTask(name) => {
                write!(f, "the module has two tasks with the name `{name}`")
            }
            Self::Import { module, name } => write!(
                f,
                "the module imports `{name}` from `{module}`, and a sandbox grants nothing; build it for wasm32-unknown-unknown and without crates that need an operating system or JavaScript"
            ),
            Self::Export(name) => write!(
                f,
                "the module does not export `{name}` as the task ABI wants it; build it again with `sandpool build`"
            ),
            Self::StartFunction => f.write_str(
                "the module has a start function, which would run before any task",
            ),
            Self::MissingTask { task, available } => {
                write!(f, "the module has no task `{task}`; it has ")?;
                match &available[..] {
                    [] => f.write_str("none"),
                    names => f.write_str(&names.join(", ")),
                }
            }
            Self::Signature { expected, found } => write!(
                f,
                "the module has `{found}`, the host was compiled for `{expected}`; build both from the same sources"
            ),
        }
    }
}

impl std::error::Error for LoadError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::File { source, .. } => Some(source),
            _ => None,
        }
    }
}

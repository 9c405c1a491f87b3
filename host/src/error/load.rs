//! A module could not be loaded, or is not the one that was expected.

use std::path::PathBuf;
use std::time::Duration;
use std::{fmt, io};

use sandpool_abi::ABI_VERSION;

use crate::text::Escaped;

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
    /// A folder that is granted does not exist, or cannot be opened.
    Folder {
        /// The folder.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A folder cannot be used as a [`ModuleStore`](crate::ModuleStore).
    Store {
        /// The folder.
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
    /// The module has more functions than the limit.
    TooManyFunctions {
        /// How many it has, imported ones included.
        functions: usize,
        /// How many it may have.
        limit: usize,
    },
    /// The module, or one of its functions, has a size or shape that takes too long, or too much memory, to
    /// compile.
    TooComplex {
        /// The number of the function in the module, from 0, imported ones first; `None` where it is the
        /// module as a whole.
        function: Option<u32>,
        /// What there is too much of.
        what: &'static str,
        /// How much there is.
        found: usize,
        /// How much there may be.
        limit: usize,
    },
    /// Compiling the module took longer than it may.
    CompileTime {
        /// The time that it had.
        limit: Duration,
    },
    /// The compiler failed. Holds the reason.
    Compiler(String),
    /// The operating system refused the thread that would have compiled the module.
    Thread(io::Error),
    /// The module uses a part of WebAssembly that is switched off.
    Feature {
        /// The proposal that it belongs to.
        proposal: &'static str,
        /// Where it was seen.
        reason: String,
    },
    /// The wasm is malformed. Holds the reason.
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
    /// The module imports something that is not granted.
    Import {
        /// The import's module.
        module: String,
        /// The import's name.
        name: String,
        /// Why it is not granted, and what to do.
        reason: String,
    },
    /// The module lacks an export.
    MissingExport(String),
    /// The module has an export with another type than the task ABI wants.
    ExportType {
        /// The export's name.
        name: String,
        /// What it should be.
        expected: String,
        /// What it is.
        found: String,
    },
    /// What was asked for contradicts itself, or is out of range. Holds the reason.
    Settings(String),
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
            Self::Store { path, .. } => write!(
                f,
                "the folder {} cannot keep compiled modules",
                path.display()
            ),
            Self::Folder { path, .. } => write!(
                f,
                "the folder {} is granted and cannot be opened",
                path.display()
            ),
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
            Self::TooManyFunctions { functions, limit } => write!(
                f,
                "the module has {functions} functions, the limit is {limit}"
            ),
            Self::TooComplex {
                function,
                what,
                found,
                limit,
            } => {
                match function {
                    Some(function) => write!(f, "function {function} of the module")?,
                    None => f.write_str("the module")?,
                }
                write!(
                    f,
                    " would take too long to compile: it has {found} {what}, the limit is {limit}; optimised code has less"
                )
            }
            Self::CompileTime { limit } => write!(
                f,
                "compiling the module took longer than its limit of {limit:?}"
            ),
            Self::Compiler(reason) => write!(f, "the compiler failed: it panicked{reason}"),
            Self::Thread(_) => f.write_str("no thread can be started to compile the module"),
            Self::Feature { proposal, reason } => write!(
                f,
                "the module needs {proposal}, which sandboxes do not have: {reason}; build it without"
            ),
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
                write!(f, "the module has two tasks with the name `{}`", Escaped(name))
            }
            Self::Import {
                module,
                name,
                reason,
            } => write!(
                f,
                "the module imports `{}` from `{}`: {reason}",
                Escaped(name),
                Escaped(module)
            ),
            Self::MissingExport(name) => write!(
                f,
                "the module does not export `{}`, which the task ABI wants; build it again with `sandpool build`",
                Escaped(name)
            ),
            Self::ExportType {
                name,
                expected,
                found,
            } => write!(
                f,
                "the module exports `{}` as {found}, the task ABI wants {expected}; build it again with `sandpool build`",
                Escaped(name)
            ),
            Self::Settings(reason) => f.write_str(reason),
            Self::StartFunction => f.write_str(
                "the module has a start function, which would run before any task",
            ),
            Self::MissingTask { task, available } => {
                write!(f, "the module has no task `{task}`; it has ")?;
                match &available[..] {
                    [] => f.write_str("none"),
                    names => Escaped(&names.join(", ")).fmt(f),
                }
            }
            Self::Signature { expected, found } => write!(
                f,
                "the module has `{}`, the host was compiled for `{expected}`; build both from the same sources",
                Escaped(found)
            ),
        }
    }
}

impl std::error::Error for LoadError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::File { source, .. }
            | Self::Folder { source, .. }
            | Self::Store { source, .. }
            | Self::Thread(source) => Some(source),
            _ => None,
        }
    }
}

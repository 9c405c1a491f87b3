//! One nested run of cargo.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::{BuildError, inputs, target};

/// Compiles a task crate to a wasm32 module.
///
/// The profile is fixed: optimised for speed (`opt-level` 3, fat LTO, one codegen unit), 128-bit
/// SIMD, panics that trap, and function names kept, so that a backtrace of a fault can be read.
/// The crate's own `[profile.release]`, the caller's `RUSTFLAGS` and clippy have no say in it.
#[derive(Clone, Debug)]
pub struct Build {
    dir: PathBuf,
    target_dir: Option<PathBuf>,
    default_features: bool,
    features: Vec<String>,
    target: &'static str,
    stack_bytes: usize,
    heap_bytes: Option<usize>,
}

/// A module that was built.
#[derive(Clone, Debug)]
pub struct Artifact {
    /// The wasm file, in the target folder. The next build of the crate overwrites it.
    pub module: PathBuf,
    /// The files that the module was made from: sources and manifests of the crate and its path
    /// dependencies, and `Cargo.lock`.
    pub inputs: Vec<PathBuf>,
}

/// Settings of the nested build, as cargo's `--config` takes them.
const PROFILE: [&str; 8] = [
    "profile.release.opt-level=3",
    "profile.release.lto=\"fat\"",
    "profile.release.codegen-units=1",
    "profile.release.panic=\"abort\"",
    // Keeps the name section, which is all that a backtrace needs, and drops the debug information
    // of the standard library, which would be most of the file.
    "profile.release.debug=false",
    "profile.release.strip=\"debuginfo\"",
    "profile.release.debug-assertions=false",
    "profile.release.overflow-checks=false",
];

/// Rustc flags, separated as `CARGO_ENCODED_RUSTFLAGS` wants it. The stack pointer is exported so
/// that a host can tell a stack overflow from a wild pointer.
const RUSTFLAGS: &str =
    "-Ctarget-feature=+simd128,+bulk-memory\x1f-Clink-arg=--export=__stack_pointer";

/// The default of [`Build::stack_bytes`].
const STACK_BYTES: usize = 256 << 10;

/// What the linker wants a stack's size to be a multiple of.
const STACK_ALIGNMENT: usize = 16;

/// Where the allocator of `sandpool-guest` looks for how much memory to begin with.
const HEAP_BYTES: &str = "SANDPOOL_HEAP_BYTES";

/// Variables of an outer cargo or of the user that would change the nested build.
const FOREIGN: [&str; 9] = [
    "CARGO_BUILD_RUSTFLAGS",
    "CARGO_BUILD_TARGET",
    "CARGO_BUILD_TARGET_DIR",
    "CARGO_TARGET_DIR",
    "RUSTC_WORKSPACE_WRAPPER",
    "RUSTDOCFLAGS",
    "RUSTFLAGS",
    "TARGET",
    "__CARGO_DEFAULT_LIB_METADATA",
];

impl Build {
    /// Returns a build of the crate in this folder, with its default features.
    pub fn new(dir: impl Into<PathBuf>) -> Self {
        Self {
            dir: dir.into(),
            target_dir: None,
            default_features: true,
            features: Vec::new(),
            target: target::NO_SYSTEM,
            stack_bytes: STACK_BYTES,
            heap_bytes: None,
        }
    }

    /// Compiles for `wasm32-wasip1`: an operating system that the host has to grant, with
    /// `Grants::wasi`. Default: `wasm32-unknown-unknown`, which needs no grants.
    #[must_use]
    pub fn wasi(mut self) -> Self {
        self.target = target::WASI;
        self
    }

    /// Sets how much stack the module has in its memory, in bytes, rounded up to 16. Default: 256 KiB.
    ///
    /// It holds what tasks borrow of their local variables, and large ones; a task that uses more ends
    /// as a stack overflow. A new sandbox takes a little longer for each KiB of it.
    #[must_use]
    pub fn stack_bytes(mut self, bytes: usize) -> Self {
        self.stack_bytes = bytes;
        self
    }

    /// Sets how much memory the allocator of `sandpool-guest` has without growing the module's memory, in
    /// bytes. Default: 128 KiB. Has no effect without the feature `allocator`, and for
    /// [`wasi`](Self::wasi).
    ///
    /// For tasks that need more as a rule, more than that makes new sandboxes faster; for all others it makes
    /// them slower.
    #[must_use]
    pub fn heap_bytes(mut self, bytes: usize) -> Self {
        self.heap_bytes = Some(bytes);
        self
    }

    /// Sets the folder for intermediate files. Default: `sandpool-wasm` in the crate's target folder.
    #[must_use]
    pub fn target_dir(mut self, dir: impl Into<PathBuf>) -> Self {
        self.target_dir = Some(dir.into());
        self
    }

    /// Switches the crate's default features off.
    #[must_use]
    pub fn no_default_features(mut self) -> Self {
        self.default_features = false;
        self
    }

    /// Switches these features of the crate on.
    #[must_use]
    pub fn features<'a>(mut self, features: impl IntoIterator<Item = &'a str>) -> Self {
        self.features
            .extend(features.into_iter().map(str::to_owned));
        self
    }

    /// Compiles the crate and returns where the module is. The compiler's messages go to stderr.
    ///
    /// # Errors
    ///
    /// - [`BuildError::NoManifest`], [`BuildError::Manifest`]: there is no crate with a library.
    /// - [`BuildError::MissingTarget`]: the compiler cannot compile for wasm32.
    /// - [`BuildError::Compile`]: the crate does not compile.
    /// - [`BuildError::Cargo`], [`BuildError::Io`]: cargo cannot be started, or its output be read.
    pub fn run(&self) -> Result<Artifact, BuildError> {
        if !self.dir.join("Cargo.toml").is_file() {
            return Err(BuildError::NoManifest(self.dir.clone()));
        }
        // Cargo is started in the folder, for the toolchain that is chosen there.
        let io = |source| BuildError::Io {
            path: self.dir.clone(),
            source,
        };
        let dir = self.dir.canonicalize().map_err(io)?;
        let package = inputs::Package::read(&cargo(), &dir)?;
        let target_dir = match &self.target_dir {
            Some(dir) => std::path::absolute(dir).map_err(io)?,
            None => package.target_dir.join("sandpool-wasm"),
        };
        target::ensure(self.target, &dir, &target_dir)?;

        let mut command = Command::new(cargo());
        command
            .args(["rustc", "--lib", "--crate-type", "cdylib", "--release"])
            .args(["--target", self.target])
            .args(["--package", &package.id])
            .arg("--target-dir")
            .arg(&target_dir)
            .arg("--manifest-path")
            .arg(dir.join("Cargo.toml"))
            .current_dir(&dir)
            .stdin(Stdio::null());
        for setting in PROFILE {
            command.args(["--config", setting]);
        }
        if !self.default_features {
            command.arg("--no-default-features");
        }
        if !self.features.is_empty() {
            command.args(["--features", &self.features.join(",")]);
        }
        for name in FOREIGN {
            command.env_remove(name);
        }
        for (name, _) in std::env::vars_os() {
            if is_per_package(&name) {
                command.env_remove(name);
            }
        }
        command.env_remove(HEAP_BYTES);
        if let Some(bytes) = self.heap_bytes {
            command.env(HEAP_BYTES, bytes.to_string());
        }
        let stack_bytes = self.stack_bytes.next_multiple_of(STACK_ALIGNMENT);
        let flags = format!("{RUSTFLAGS}\x1f-Clink-arg=-zstack-size={stack_bytes}");
        // A build script's stdout is read by cargo as instructions.
        let status = command
            .env("CARGO_ENCODED_RUSTFLAGS", flags)
            // A build folder of the user's would be the outer build's too, which holds its lock.
            .env("CARGO_BUILD_BUILD_DIR", &target_dir)
            .stdout(Stdio::null())
            .status()
            .map_err(BuildError::Cargo)?;
        if !status.success() {
            return Err(BuildError::Compile(self.dir.clone()));
        }
        let output = target_dir.join(self.target).join("release");
        let module = output.join(format!("{}.wasm", package.crate_name));
        let inputs = inputs::of_module(&module, &package)?;
        Ok(Artifact { module, inputs })
    }
}

/// Whether the variable describes the package that an outer cargo is building.
fn is_per_package(name: &OsString) -> bool {
    let name = name.to_string_lossy();
    [
        "CARGO_FEATURE_",
        "CARGO_CFG_",
        "CARGO_PROFILE_",
        "CARGO_PKG_",
        "DEP_",
    ]
    .iter()
    .any(|prefix| name.starts_with(prefix))
}

/// The cargo that runs this build script, or the one on the path.
fn cargo() -> PathBuf {
    std::env::var_os("CARGO").map_or_else(|| Path::new("cargo").into(), PathBuf::from)
}

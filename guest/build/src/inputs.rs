//! What a module is made from: the package, and the files whose change makes it stale.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::BuildError;

/// What cargo knows of a task crate.
pub(crate) struct Package {
    /// The package id, which cargo takes as `--package`.
    pub(crate) id: String,
    /// The file name of the library, without ending.
    pub(crate) crate_name: String,
    pub(crate) target_dir: PathBuf,
    workspace: PathBuf,
}

impl Package {
    /// Asks cargo for the package in `dir`.
    pub(crate) fn read(cargo: &Path, dir: &Path) -> Result<Self, BuildError> {
        let output = Command::new(cargo)
            .args(["metadata", "--format-version", "1", "--no-deps"])
            .current_dir(dir)
            .stdin(Stdio::null())
            .output()
            .map_err(BuildError::Cargo)?;
        if !output.status.success() {
            let said = String::from_utf8_lossy(&output.stderr);
            return Err(BuildError::Manifest(said.trim().to_owned()));
        }
        let metadata: Value = serde_json::from_slice(&output.stdout)
            .map_err(|error| BuildError::Manifest(format!("cargo metadata: {error}")))?;
        Self::find(&metadata, dir).ok_or_else(|| {
            BuildError::Manifest(format!(
                "the Cargo.toml in {} has no package with a library; tasks live in the src/lib.rs of a package",
                dir.display()
            ))
        })
    }

    fn find(metadata: &Value, dir: &Path) -> Option<Self> {
        let dir = dir.canonicalize().ok()?;
        let package = metadata["packages"].as_array()?.iter().find(|package| {
            let manifest = package["manifest_path"].as_str().map(Path::new);
            manifest
                .and_then(Path::parent)
                .and_then(|parent| parent.canonicalize().ok())
                .is_some_and(|parent| parent == dir)
        })?;
        let library = package["targets"].as_array()?.iter().find(|target| {
            let is_library =
                |kind: &Value| matches!(kind.as_str(), Some("lib" | "rlib" | "cdylib" | "dylib"));
            target["kind"]
                .as_array()
                .is_some_and(|kinds| kinds.iter().any(is_library))
        })?;
        Some(Self {
            id: package["id"].as_str()?.to_owned(),
            crate_name: library["name"].as_str()?.replace('-', "_"),
            target_dir: metadata["target_directory"].as_str()?.into(),
            workspace: metadata["workspace_root"].as_str()?.into(),
        })
    }
}

/// Returns the files that `module` was made from, by the list that cargo leaves beside it.
pub(crate) fn of_module(module: &Path, package: &Package) -> Result<Vec<PathBuf>, BuildError> {
    let list = module.with_extension("d");
    let text = std::fs::read_to_string(&list).map_err(|source| BuildError::Io {
        path: list.clone(),
        source,
    })?;
    let sources = sources(&text);
    let mut inputs: BTreeSet<PathBuf> = ["Cargo.toml", "Cargo.lock"]
        .iter()
        .map(|name| package.workspace.join(name))
        .filter(|path| path.is_file())
        .collect();
    for source in &sources {
        // The manifest of a path dependency is nowhere listed; it is the nearest one above.
        let manifest = source
            .ancestors()
            .skip(1)
            .map(|dir| dir.join("Cargo.toml"))
            .find(|manifest| manifest.is_file());
        inputs.extend(manifest);
    }
    inputs.extend(sources);
    Ok(inputs.into_iter().collect())
}

/// Takes the prerequisites out of a makefile of one rule, in which blanks in names are escaped.
fn sources(makefile: &str) -> Vec<PathBuf> {
    let Some((_, prerequisites)) = makefile
        .lines()
        .next()
        .and_then(|rule| rule.split_once(": "))
    else {
        return Vec::new();
    };
    const ESCAPED_BLANK: char = '\0';
    prerequisites
        .replace("\\ ", &ESCAPED_BLANK.to_string())
        .split_whitespace()
        .map(|name| PathBuf::from(name.replace(ESCAPED_BLANK, " ")))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::sources;
    use std::path::Path;

    #[test]
    fn prerequisites_may_have_blanks_in_their_names() {
        let found = sources("/t/m.wasm: /a/src/lib.rs /my\\ dir/src/a.rs\n\n/a/src/lib.rs:\n");
        assert_eq!(
            found,
            [Path::new("/a/src/lib.rs"), Path::new("/my dir/src/a.rs")]
        );
        assert!(sources("").is_empty());
    }
}

//! Module files: reading and loading them, with errors that name the file.

use std::path::Path;

use anyhow::Context;
use sandpool::{LoadError, ModuleInfo, TaskModule, TaskModuleBuilder};

use crate::grants;

/// The module of the imports that every host knows.
const MODULE: &str = "sandpool";

/// Reads what the module in the file says of itself. Compiles nothing.
pub(crate) fn inspect(file: &Path) -> anyhow::Result<ModuleInfo> {
    ModuleInfo::read(&read(file)?).map_err(|error| named(file, &error))
}

/// Loads the module in the file, and checks that it has the task.
pub(crate) fn load(
    file: &Path,
    task: &str,
    settings: impl FnOnce(TaskModuleBuilder) -> TaskModuleBuilder,
) -> anyhow::Result<TaskModule> {
    let wasm = read(file)?;
    // Before anything is compiled, which may take seconds.
    let looked_at = ModuleInfo::read(&wasm).and_then(|info| match info.check() {
        // It may be granted; loading tells.
        Ok(()) | Err(LoadError::Import { .. }) => info.task(task).map(drop),
        Err(error) => Err(error),
    });
    looked_at.map_err(|error| named(file, &error))?;
    let loaded = settings(TaskModule::builder(wasm)).load();
    loaded.map_err(|error| named(file, &error))
}

fn read(file: &Path) -> anyhow::Result<Vec<u8>> {
    std::fs::read(file).with_context(|| format!("{}: the file cannot be read", file.display()))
}

fn named(file: &Path, error: &LoadError) -> anyhow::Error {
    let file = file.display();
    let hint = match error {
        LoadError::Import { module, name, .. } if module == MODULE && grants::is_grant(name) => {
            format!("; here with `--grant {name}`")
        }
        _ => String::new(),
    };
    match std::error::Error::source(error) {
        Some(cause) => anyhow::anyhow!("{file}: {error}: {cause}{hint}"),
        None => anyhow::anyhow!("{file}: {error}{hint}"),
    }
}

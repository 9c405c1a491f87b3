//! `sandpool build`: from a crate of tasks to a module that was checked by loading it.

use std::path::PathBuf;

use anyhow::{Context, bail};
use sandpool::{ModuleStore, TaskModule};
use sandpool_build::Build;

use crate::{BuildArgs, escape, quantity, stdout};

pub(crate) fn run(args: &BuildArgs) -> anyhow::Result<()> {
    // The build runs in the crate's folder, where a relative path would mean something else.
    let dir = args
        .dir
        .canonicalize()
        .with_context(|| format!("{}: there is no such folder", args.dir.display()))?;
    let mut build = Build::new(dir).features(args.features.iter().map(String::as_str));
    if args.no_default_features {
        build = build.no_default_features();
    }
    let built = build.run()?.module;
    let output = match (&args.output, built.file_name()) {
        (Some(output), _) => output.clone(),
        (None, Some(name)) => PathBuf::from(name),
        (None, None) => bail!("{}: the module has no name", built.display()),
    };

    let wasm = std::fs::read(&built)
        .with_context(|| format!("{}: the module cannot be read", built.display()))?;
    let mut loader = TaskModule::builder(&wasm);
    if let Some(folder) = &args.precompile {
        loader = loader.store(&ModuleStore::open(folder)?);
    }
    let module = loader.load();
    let module =
        module.with_context(|| format!("{}: no module to run was built", args.dir.display()))?;
    std::fs::write(&output, &wasm)
        .with_context(|| format!("{}: the module cannot be written", output.display()))?;

    let size = quantity::readable(wasm.len() as u64);
    let output = escape::line(&output.display().to_string());
    let mut said = format!("{output}: {size}, with\n");
    for task in module.tasks() {
        said += &format!("  {}\n", escape::line(&task.to_string()));
    }
    stdout::print(&said)
}

//! `sandpool snapshot`: a module whose sandboxes begin with what a task has prepared.

use anyhow::Context;
use sandpool::Limits;

use crate::{SnapshotArgs, escape, grants, json, module, quantity, stdout};

pub(crate) fn run(args: &SnapshotArgs) -> anyhow::Result<()> {
    let arguments = json::arguments(args.arguments.as_deref())?;
    let grants = grants::grants(&args.grant)?;
    let module = module::load(&args.file, &args.task, |module| module.grants(grants))?;
    let mut limits = Limits::new();
    if let Some(timeout) = args.timeout {
        limits = limits.timeout(timeout);
    }
    if let Some(bytes) = args.memory {
        limits = limits.memory_bytes(bytes);
    }
    let wasm = module.snapshot_json(&args.task, arguments, &limits)?;
    std::fs::write(&args.output, &wasm)
        .with_context(|| format!("{}: the module cannot be written", args.output.display()))?;
    let output = escape::line(&args.output.display().to_string());
    stdout::print(&format!(
        "{output}: {}\n",
        quantity::readable(wasm.len() as u64)
    ))
}

//! `sandpool inspect`: what a module says of itself. Nothing of it is compiled or run.

use std::fmt::Write;

use sandpool::{LoadError, ModuleInfo, TaskInfo};
use serde_json::{Value, json};

use crate::{InspectArgs, escape, json, module, quantity, stdout};

pub(crate) fn run(args: &InspectArgs) -> anyhow::Result<()> {
    let info = module::inspect(&args.file)?;
    let shown = if args.json {
        json::compact(&object(&info).to_string())? + "\n"
    } else {
        text(&info)
    };
    stdout::print(&shown)
}

fn text(info: &ModuleInfo) -> String {
    let mut text = String::new();
    for task in info.tasks() {
        add_task(&mut text, task);
    }
    if info.tasks().is_empty() {
        text += "No tasks. Functions marked with `#[task]` are tasks: `sandpool new` makes a crate that \
                 has one, `sandpool build` makes a module of it.\n\n";
    }
    let memory = quantity::readable(info.memory_bytes());
    let _ = writeln!(text, "memory   {memory} at the start of a call");
    add_imports(&mut text, info);
    let [module, code] =
        [info.module_bytes(), info.code_bytes()].map(|bytes| quantity::readable(bytes as u64));
    let _ = writeln!(text, "module   {module}, of which {code} are code");
    text
}

fn add_task(text: &mut String, task: &TaskInfo) {
    const INDENT: &str = "    ";
    let _ = writeln!(text, "{}", escape::line(&task.to_string()));
    let doc = task.doc().trim();
    if !doc.is_empty() {
        for line in escape::escape(doc).lines() {
            let _ = writeln!(text, "{}", format!("{INDENT}{line}").trim_end());
        }
    }
    text.push('\n');
}

/// Why the module cannot be loaded, where nothing else that is shown says it.
fn problem(info: &ModuleInfo) -> Option<String> {
    match info.check() {
        Ok(()) | Err(LoadError::NoTasks | LoadError::Import { .. }) => None,
        Err(error) => Some(escape::line(&error.to_string())),
    }
}

fn add_imports(text: &mut String, info: &ModuleInfo) {
    if info.imports().is_empty() {
        *text += "imports  none\n";
        if let Some(problem) = problem(info) {
            let _ = writeln!(text, "loading  impossible: {problem}");
        }
        return;
    }
    *text += "imports  to load this module, a host has to grant it:\n";
    for import in info.imports() {
        let [module, name] = [import.module(), import.name()].map(escape::line);
        let _ = writeln!(text, "    `{name}` from `{module}`");
    }
}

fn object(info: &ModuleInfo) -> Value {
    let task = |task: &TaskInfo| {
        let parameters = task.parameters().iter();
        json!({
            "name": task.name(),
            "signature": task.to_string(),
            "doc": task.doc(),
            "parameters": parameters
                .map(|parameter| json!({ "name": parameter.name, "schema": parameter.schema }))
                .collect::<Vec<_>>(),
            "output": task.output(),
        })
    };
    let imports = info.imports().iter();
    json!({
        "tasks": info.tasks().iter().map(task).collect::<Vec<_>>(),
        "memory_bytes": info.memory_bytes(),
        "imports": imports
            .map(|import| json!({ "module": import.module(), "name": import.name() }))
            .collect::<Vec<_>>(),
        "module_bytes": info.module_bytes(),
        "code_bytes": info.code_bytes(),
    })
}

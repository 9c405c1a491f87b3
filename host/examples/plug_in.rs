//! A module that the host was not compiled with: its tasks are listed, then called by name with JSON.
//!
//! `cargo run --example plug_in -- tasks.wasm` shows the tasks of any module.

use anyhow::Context;
use sandpool::{Limits, ModuleInfo, ProcessPool, TaskModule};

fn main() -> anyhow::Result<()> {
    let wasm = match std::env::args().nth(1) {
        Some(path) => std::fs::read(&path).with_context(|| format!("{path} cannot be read"))?,
        None => guest_tasks::MODULE.to_vec(),
    };

    // Nothing is compiled or run for this.
    for task in ModuleInfo::read(&wasm)?.tasks() {
        println!("{task}\n    {}", task.doc().replace('\n', "\n    "));
    }

    let limits = Limits::new().memory_bytes(32 << 20);
    let pool = ProcessPool::builder(TaskModule::new(wasm)?)
        .limits(limits)
        .build()?;
    if pool
        .module()
        .tasks()
        .iter()
        .any(|t| t.name() == "word_frequencies")
    {
        let json = r#"["to be or not to be", 2]"#;
        let words = pool.submit_json("word_frequencies", json)?.join()?;
        println!("\nword_frequencies({json}) is {words}");

        // What does not fit is an error of the task, which the sandbox reports.
        let error = pool.submit_json("word_frequencies", "[1, 2]")?.join();
        println!("word_frequencies([1, 2]): {}", error.unwrap_err());
    }
    Ok(())
}

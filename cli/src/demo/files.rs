//! Something real to read: the source files of this project.

use std::path::{Path, PathBuf};

/// As many as fit the demo.
const MOST: usize = 60;

/// Returns paths of text files: those of the checkout that the command was built from, or of the
/// current folder where that is gone.
pub(super) fn of_this_project() -> Vec<PathBuf> {
    let here = std::env::current_dir().unwrap_or_default();
    let checkout = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let root = checkout.canonicalize().unwrap_or_else(|_| here.clone());
    let mut files = Vec::new();
    collect(&root, &mut files);
    files.truncate(MOST);
    // Short names, if we stand there.
    files
        .into_iter()
        .map(|file| {
            file.strip_prefix(&here)
                .map_or(file.clone(), Path::to_owned)
        })
        .collect()
}

fn collect(dir: &Path, files: &mut Vec<PathBuf>) {
    let Ok(entries) = std::fs::read_dir(dir) else {
        return;
    };
    let mut paths: Vec<_> = entries.flatten().map(|entry| entry.path()).collect();
    paths.sort();
    for path in paths {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let is_text = ["rs", "md", "toml"]
            .iter()
            .any(|ending| path.extension().is_some_and(|e| e == *ending));
        if is_text && path.is_file() {
            files.push(path);
        } else if !name.starts_with('.') && name != "target" && files.len() < MOST && path.is_dir()
        {
            collect(&path, files);
        }
    }
}

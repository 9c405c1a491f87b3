//! Core dumps of sandboxes whose tasks trapped.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

use wasmtime::{AsContextMut, WasmCoreDump};

/// A folder, and how many more dumps it takes.
#[derive(Debug)]
pub(super) struct Coredumps {
    folder: PathBuf,
    left: AtomicUsize,
}

impl Coredumps {
    pub(super) fn new(folder: PathBuf, most: usize) -> Self {
        let left = AtomicUsize::new(most);
        Self { folder, left }
    }

    /// Writes the dump that the error has, and returns its path. `None` where there is none, there
    /// were enough, or it cannot be written.
    pub(super) fn write(
        &self,
        error: &wasmtime::Error,
        store: impl AsContextMut,
        task: &str,
    ) -> Option<PathBuf> {
        let dump = error.downcast_ref::<WasmCoreDump>()?;
        let take = |left: usize| left.checked_sub(1);
        self.left
            .fetch_update(Ordering::AcqRel, Ordering::Acquire, take)
            .ok()?;
        let bytes = dump.serialize(store, task);
        fs::create_dir_all(&self.folder).ok()?;
        write_new(&self.folder, &file_name(task), &bytes)
    }
}

/// Writes a file that is not there yet.
fn write_new(folder: &Path, name: &str, bytes: &[u8]) -> Option<PathBuf> {
    static FILES: AtomicUsize = AtomicUsize::new(0);
    let number = FILES.fetch_add(1, Ordering::Relaxed);
    let path = folder.join(format!("{name}-{}-{number}.coredump", std::process::id()));
    let mut file = OpenOptions::new();
    let mut file = file.write(true).create_new(true).open(&path).ok()?;
    match file.write_all(bytes) {
        Ok(()) => Some(path),
        Err(_) => {
            let _ = fs::remove_file(&path);
            None
        }
    }
}

/// The task's name comes from the module: what of it is no letter or digit does not become part of a path.
fn file_name(task: &str) -> String {
    const MOST: usize = 64;
    let safe = |character: char| match character.is_ascii_alphanumeric() {
        true => character,
        false => '_',
    };
    task.chars().take(MOST).map(safe).collect()
}

#[cfg(test)]
mod tests {
    use super::file_name;

    #[test]
    fn a_task_cannot_choose_another_folder() {
        assert_eq!(file_name("../../etc/passwd"), "______etc_passwd");
        assert_eq!(file_name("größe\0"), "gr__e_");
        assert_eq!(file_name(&"x".repeat(1000)).len(), 64);
    }
}

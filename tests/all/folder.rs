//! A folder that is gone after the test.

use std::fs;
use std::path::{Path, PathBuf};

pub(crate) struct Folder {
    path: PathBuf,
}

impl Folder {
    /// Names a folder that is not there yet.
    pub(crate) fn new(name: &str) -> Self {
        let name = format!("sandpool-{name}-{}", std::process::id());
        let path = std::env::temp_dir().join(name);
        let folder = Self { path };
        folder.remove();
        folder
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Returns how many files are in it.
    pub(crate) fn files(&self) -> usize {
        fs::read_dir(&self.path).map_or(0, Iterator::count)
    }

    fn remove(&self) {
        let _ = fs::remove_dir_all(&self.path);
        let _ = fs::remove_file(&self.path);
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        self.remove();
    }
}

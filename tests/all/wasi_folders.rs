//! Folders that modules for an operating system are granted.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use sandpool::{Access, Grants, LoadError, ProcessPool, TaskErrorKind, TaskModule, Wasi};
use wasi_tasks as tasks;

use crate::wasi::{failure, load, programs, run};

/// A folder with `read/file`, `read/inner/file`, `write`, a link out of `read`, and a secret beside them.
pub(crate) fn folder() -> &'static Path {
    static FOLDER: LazyLock<PathBuf> = LazyLock::new(|| {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("wasi");
        let _ = fs::remove_dir_all(&folder);
        for inner in ["read/inner", "write"] {
            fs::create_dir_all(folder.join(inner)).unwrap();
        }
        fs::write(folder.join("read/file"), "in the folder").unwrap();
        fs::write(folder.join("read/inner/file"), "further in").unwrap();
        fs::write(folder.join("secret"), "secret").unwrap();
        #[cfg(unix)]
        {
            std::os::unix::fs::symlink("../secret", folder.join("read/link")).unwrap();
            let absolute = folder.join("secret");
            std::os::unix::fs::symlink(absolute, folder.join("read/absolute")).unwrap();
        }
        folder
    });
    &FOLDER
}

#[test]
fn a_program_reads_what_is_in_its_folder_and_nothing_else() {
    let pool = programs();
    assert_eq!(run(&pool, "read /read/file").unwrap(), "in the folder");
    assert_eq!(
        run(&pool, "read /read/inner/../file").unwrap(),
        "in the folder"
    );
    assert_eq!(run(&pool, "read /read/inner/file").unwrap(), "further in");
    assert!(run(&pool, "list /read").unwrap().contains("file inner"));
    assert_eq!(
        fs::read_to_string(folder().join("secret")).unwrap(),
        "secret"
    );
    let secret = folder().join("secret");
    for path in [
        "/read/../secret",
        "/read/inner/../../secret",
        "/read/link",
        "/read/absolute",
        "/secret",
        "../secret",
        secret.to_str().unwrap(),
        "/etc/passwd",
    ] {
        let (code, stderr) = failure(&run(&pool, &format!("read {path}")).unwrap_err());
        assert_eq!(code, Some(3), "{path}: {stderr}");
        assert!(stderr.starts_with("error: "), "{path}: {stderr}");
    }
}

#[test]
fn a_program_writes_where_it_may_and_nowhere_else() {
    let pool = programs();
    run(&pool, "write /write/new").unwrap();
    assert_eq!(
        fs::read_to_string(folder().join("write/new")).unwrap(),
        "written"
    );
    for command in [
        "write /read/file",
        "write /read/new",
        "remove /read/file",
        "write /write/../new",
        "write /write/../read/file",
    ] {
        let (code, stderr) = failure(&run(&pool, command).unwrap_err());
        assert_eq!(code, Some(3), "{command}: {stderr}");
    }
    assert_eq!(
        fs::read_to_string(folder().join("read/file")).unwrap(),
        "in the folder"
    );
    assert!(!folder().join("read/new").exists() && !folder().join("new").exists());
}

#[test]
fn a_folder_that_is_not_there_is_an_error_of_loading() {
    for (path, says) in [("missing", "missing"), ("read/file", "file")] {
        let wasi = Wasi::new().folder(folder().join(path), "/x", Access::Read);
        let builder = TaskModule::builder(tasks::PROGRAM).grants(Grants::new().wasi(wasi));
        let error = builder.load().unwrap_err();
        let LoadError::Folder { path, .. } = &error else {
            panic!("{error}");
        };
        assert!(path.ends_with(says), "{error}");
        assert!(std::error::Error::source(&error).is_some());
    }
    for wasi in [
        Wasi::new().env("A=B", ""),
        Wasi::new().env("", "x"),
        Wasi::new().arg("nul\0"),
    ] {
        let builder = TaskModule::builder(tasks::PROGRAM).grants(Grants::new().wasi(wasi));
        let error = builder.load().unwrap_err();
        assert!(matches!(error, LoadError::Settings(_)), "{error}");
    }
}

#[test]
fn a_folder_that_goes_away_fails_the_tasks_that_would_have_it() {
    let gone = folder().join("gone");
    fs::create_dir_all(&gone).unwrap();
    let grants = Grants::new().wasi(Wasi::new().folder(&gone, "/gone", Access::Read));
    let pool = ProcessPool::builder(load(tasks::PROGRAM, grants))
        .workers(1)
        .build()
        .unwrap();
    assert_eq!(run(&pool, "echo x").unwrap(), "x");
    fs::remove_dir(&gone).unwrap();
    let error = run(&pool, "echo x").unwrap_err();
    assert!(
        matches!(error.kind(), TaskErrorKind::NoSandbox(_)),
        "{error}"
    );
    assert!(error.to_string().contains("gone"), "{error}");
}

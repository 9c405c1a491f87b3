//! Modules for an operating system: tasks, and programs of other compilers.

use std::path::{Path, PathBuf};
use std::sync::LazyLock;
use std::time::{Duration, Instant};
use std::{fs, thread};

use sandpool::{
    Access, BuildError, Grants, Isolation, Limits, LoadError, ProcessPool, Randomness, TaskError,
    TaskErrorKind, TaskModule, Wasi,
};
use sandpool_tests::LONG;
use wasi_tasks as tasks;

/// A folder with `read/file`, `read/inner/file`, `write`, a link out of `read`, and a secret beside them.
fn folder() -> &'static Path {
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

fn wasi() -> Wasi {
    Wasi::new()
        .arg("--first")
        .arg("second one")
        .env("NAME", "value")
        .env("EMPTY", "")
        .folder(folder().join("read"), "/read", Access::Read)
        .folder(folder().join("write"), "/write", Access::ReadWrite)
        .stdout_bytes(100_000)
}

fn load(wasm: &[u8], grants: Grants) -> TaskModule {
    TaskModule::builder(wasm).grants(grants).load().unwrap()
}

/// A pool over the program of the tests.
fn programs() -> ProcessPool {
    static MODULE: LazyLock<TaskModule> =
        LazyLock::new(|| load(tasks::PROGRAM, Grants::new().wasi(wasi())));
    ProcessPool::builder(MODULE.clone())
        .workers(1)
        .build()
        .unwrap()
}

fn run(pool: &ProcessPool, stdin: &str) -> Result<String, TaskError> {
    let stdout = pool.submit_bytes("_start", stdin).unwrap().join()?;
    Ok(String::from_utf8(stdout).unwrap())
}

/// Returns the code and what was written to stderr.
fn failure(error: &TaskError) -> (Option<i32>, String) {
    let TaskErrorKind::Failed(failure) = error.kind() else {
        panic!("{error}");
    };
    let stderr = std::error::Error::source(failure).map(ToString::to_string);
    (failure.exit_code(), stderr.unwrap_or_default())
}

#[test]
fn a_program_is_one_task_from_stdin_to_stdout() {
    let pool = programs();
    let [task] = pool.module().tasks() else {
        panic!("one task");
    };
    assert_eq!(task.to_string(), "_start(stdin: Vec<u8>) -> Vec<u8>");
    assert_eq!(run(&pool, "echo some text\n").unwrap(), "some text\n");
    assert_eq!(run(&pool, "echo ").unwrap(), "");
}

#[test]
fn a_program_has_the_arguments_and_the_environment_that_it_was_granted_and_no_other() {
    let pool = programs();
    assert_eq!(
        run(&pool, "args").unwrap(),
        r#"["program", "--first", "second one"]"#
    );
    assert_eq!(
        run(&pool, "env").unwrap(),
        r#"[("NAME", "value"), ("EMPTY", "")]"#
    );
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
fn a_program_has_no_network_and_not_any_number_of_files() {
    let pool = programs();
    assert!(run(&pool, "connect 127.0.0.1:1").is_err());
    let error = run(&pool, "open /read/file").unwrap_err();
    assert!(
        matches!(error.kind(), TaskErrorKind::BadHostCall { .. }),
        "{error}"
    );
    assert!(error.to_string().contains("more than 128 files"), "{error}");
}

#[test]
fn the_code_and_stderr_of_a_program_that_fails_are_its_error() {
    let pool = programs();
    let (code, stderr) = failure(&run(&pool, "fail because of this").unwrap_err());
    assert_eq!((code, stderr.as_str()), (Some(7), "because of this"));
    let error = run(&pool, "exit 42").unwrap_err();
    assert_eq!(failure(&error), (Some(42), String::new()));
    let TaskErrorKind::Failed(failed) = error.kind() else {
        panic!("{error}");
    };
    assert_eq!(failed.message(), "exited with code 42");
    assert_eq!(run(&pool, "exit 0").unwrap(), "");
    let (code, stderr) = failure(&run(&pool, "panic at nothing").unwrap_err());
    assert_eq!(code, None);
    assert!(stderr.contains("at nothing"), "{stderr}");
}

#[test]
fn stdout_beyond_the_smaller_limit_ends_the_program() {
    let pool = programs();
    assert_eq!(run(&pool, "bytes 100000").unwrap().len(), 100_000);
    let over = |pool: Result<String, TaskError>| {
        let error = pool.unwrap_err();
        match error.kind() {
            TaskErrorKind::ResultTooLarge { bytes, limit_bytes } if bytes > limit_bytes => {
                *limit_bytes
            }
            _ => panic!("{error}"),
        }
    };
    assert_eq!(over(run(&pool, "bytes 200000")), 100_000);
    let limited = pool.with(Limits::new().result_bytes(50_000));
    let stdout = limited
        .submit_bytes("_start", "bytes 60000")
        .unwrap()
        .join();
    let stdout = stdout.map(|bytes| String::from_utf8(bytes).unwrap());
    assert_eq!(over(stdout), 50_000);
}

#[test]
fn a_program_is_run_in_a_new_sandbox_each_time() {
    let pool = ProcessPool::builder(programs().module())
        .workers(1)
        .isolation(Isolation::Reuse {
            tasks: 10.try_into().unwrap(),
        })
        .build()
        .unwrap();
    for number in 1..=3 {
        assert_eq!(run(&pool, "echo x").unwrap(), "x");
        assert_eq!(pool.stats().instances_made, number);
    }
}

#[test]
fn a_program_has_no_initializer() {
    let module = programs().module().clone();
    let builder = ProcessPool::builder(module).initializer_json("_start", "null");
    let error = builder.build().unwrap_err();
    assert!(
        matches!(&error, BuildError::Load(LoadError::Settings(_))),
        "{error}"
    );
}

#[test]
fn a_program_takes_bytes_and_no_json() {
    let task = programs().submit_json("_start", "[1]").unwrap();
    let error = task.join().unwrap_err();
    assert!(error.to_string().contains("submit_bytes"), "{error}");
}

#[test]
fn a_program_that_sleeps_or_computes_is_stopped_by_deadline_and_cancellation() {
    let pool = programs();
    for command in ["sleep 3600000", "spin"] {
        let limits = Limits::new().timeout(Duration::from_millis(100));
        let began = Instant::now();
        let task = pool.with(limits).submit_bytes("_start", command).unwrap();
        assert!(task.join().unwrap_err().is_timeout(), "{command}");
        assert!(began.elapsed() < LONG, "{command}");
        let task = pool.submit_bytes("_start", command).unwrap();
        while !task.is_running() {
            thread::yield_now();
        }
        thread::sleep(Duration::from_millis(50));
        assert!(!task.is_finished());
        let began = Instant::now();
        task.cancel();
        assert!(task.join().unwrap_err().is_cancelled(), "{command}");
        // The only worker is free again.
        assert_eq!(run(&pool, "echo x").unwrap(), "x");
        assert!(began.elapsed() < Duration::from_secs(10), "{command}");
    }
    assert_eq!(run(&pool, "sleep 1").unwrap(), "");
}

#[test]
fn clocks_stand_still_and_chance_is_the_same_where_they_are_not_granted() {
    let pool = programs();
    assert_eq!(run(&pool, "clock").unwrap(), "0 0");
    let first = run(&pool, "random").unwrap();
    assert_eq!(run(&pool, "random").unwrap(), first);

    let grants = Grants::new().clock().randomness(Randomness::System);
    let module = load(tasks::PROGRAM, grants.wasi(wasi()));
    let pool = ProcessPool::builder(module).workers(1).build().unwrap();
    let clock = run(&pool, "clock").unwrap();
    let (seconds, slept) = clock.split_once(' ').unwrap();
    assert!(seconds.parse::<u64>().unwrap() > 1_700_000_000, "{clock}");
    assert!(slept.parse::<u64>().unwrap() >= 1_000_000, "{clock}");
    let differs = |_| run(&pool, "random").unwrap() != first;
    assert!((0..20).any(differs));
}

#[test]
fn without_the_grant_a_program_and_tasks_for_it_are_refused_with_what_to_do() {
    for wasm in [tasks::PROGRAM, tasks::MODULE] {
        let builder = TaskModule::builder(wasm).grants(Grants::new().clock());
        let LoadError::Import { module, reason, .. } = builder.load().unwrap_err() else {
            panic!("an import is refused");
        };
        assert_eq!(module, "wasi_snapshot_preview1");
        assert!(reason.contains("`Grants::wasi`"), "{reason}");
    }
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

fn task_pool(isolation: Isolation) -> ProcessPool {
    static MODULE: LazyLock<TaskModule> =
        LazyLock::new(|| load(tasks::MODULE, Grants::new().clock().log().wasi(wasi())));
    let builder = ProcessPool::builder(MODULE.clone()).workers(1);
    builder.isolation(isolation).build().unwrap()
}

#[test]
fn tasks_for_an_operating_system_are_tasks_like_others() {
    let pool = task_pool(Isolation::Fresh);
    let read = |path: &str| pool.submit(tasks::read, path.to_owned()).unwrap().join();
    assert_eq!(read("/read/file").unwrap(), "in the folder");
    assert!(matches!(
        read("/read/../secret").unwrap_err().kind(),
        TaskErrorKind::Failed(_)
    ));
    pool.submit(tasks::print, "text".to_owned())
        .unwrap()
        .join()
        .unwrap();
    let error = pool
        .submit(tasks::boom, "no".to_owned())
        .unwrap()
        .join()
        .unwrap_err();
    assert!(
        error.is_panic() && error.to_string().contains("src/lib.rs"),
        "{error}"
    );
    for code in [0, 5] {
        let error = pool.submit(tasks::exit, code).unwrap().join().unwrap_err();
        assert_eq!(failure(&error), (Some(code), String::new()));
    }
}

#[test]
fn tasks_for_an_operating_system_can_share_a_sandbox() {
    let pool = task_pool(Isolation::Reuse {
        tasks: 10.try_into().unwrap(),
    });
    for number in 0..3 {
        assert_eq!(
            pool.submit(tasks::count, ()).unwrap().join().unwrap(),
            number
        );
    }
    let pool = task_pool(Isolation::Fresh);
    for _ in 0..2 {
        assert_eq!(pool.submit(tasks::count, ()).unwrap().join().unwrap(), 0);
    }
}

#[test]
fn a_task_sleeps_as_long_as_it_says() {
    let pool = task_pool(Isolation::Fresh);
    let (system, sandbox) = pool.submit(tasks::sleep, 20).unwrap().join().unwrap();
    assert!(system >= 20_000 && sandbox >= 20_000, "{system} {sandbox}");
    assert!(system < 30_000_000, "{system}");
}

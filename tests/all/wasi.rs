//! Modules for an operating system: tasks, and programs of other compilers.

use std::sync::LazyLock;
use std::thread;
use std::time::{Duration, Instant};

use sandpool::{
    Access, BuildError, Grants, Isolation, Limits, LoadError, ProcessPool, Randomness, TaskError,
    TaskErrorKind, TaskModule, Wasi,
};
use sandpool_tests::LONG;
use wasi_tasks as tasks;

use crate::wasi_folders::folder;

pub(crate) fn wasi() -> Wasi {
    Wasi::new()
        .arg("--first")
        .arg("second one")
        .env("NAME", "value")
        .env("EMPTY", "")
        .folder(folder().join("read"), "/read", Access::Read)
        .folder(folder().join("write"), "/write", Access::ReadWrite)
        .stdout_bytes(100_000)
}

pub(crate) fn load(wasm: &[u8], grants: Grants) -> TaskModule {
    TaskModule::builder(wasm).grants(grants).load().unwrap()
}

/// A pool over the program of the tests.
pub(crate) fn programs() -> ProcessPool {
    static MODULE: LazyLock<TaskModule> =
        LazyLock::new(|| load(tasks::PROGRAM, Grants::new().wasi(wasi())));
    ProcessPool::builder(MODULE.clone())
        .workers(1)
        .build()
        .unwrap()
}

pub(crate) fn run(pool: &ProcessPool, stdin: &str) -> Result<String, TaskError> {
    let stdout = pool.submit_bytes("_start", stdin).unwrap().join()?;
    Ok(String::from_utf8(stdout).unwrap())
}

/// Returns the code and what was written to stderr.
pub(crate) fn failure(error: &TaskError) -> (Option<i32>, String) {
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

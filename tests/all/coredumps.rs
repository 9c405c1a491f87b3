//! Core dumps of sandboxes, for those who ask for them.

use std::fs;
use std::time::Duration;

use fault_tasks as tasks;
use sandpool::{Limits, ProcessPool, TaskError, TaskModule};

use crate::folder::Folder;

fn dumping(folder: &Folder, most: usize) -> ProcessPool {
    let builder = TaskModule::builder(fault_tasks::MODULE).coredumps(folder.path(), most);
    let limits = Limits::new().timeout(Duration::from_millis(20));
    let pool = ProcessPool::builder(builder.load().unwrap()).workers(1);
    pool.limits(limits).build().unwrap()
}

#[test]
fn a_task_that_traps_leaves_a_core_dump() {
    let folder = Folder::new("dumps");
    let pool = dumping(&folder, 10);
    let fails: [fn(&ProcessPool) -> TaskError; 3] = [
        |pool| pool.submit(tasks::abort, ()).unwrap().join().unwrap_err(),
        |pool| pool.submit(tasks::recurse, 0).unwrap().join().unwrap_err(),
        |pool| {
            let boom = pool.submit(tasks::boom, "remember me".to_owned());
            boom.unwrap().join().unwrap_err()
        },
    ];
    for fail in fails {
        let error = fail(&pool);
        let path = error.coredump().unwrap_or_else(|| panic!("{error}"));
        let dump = fs::read(path).unwrap();
        assert!(dump.starts_with(b"\0asm"), "it has the form of a module");
        let has = |what: &[u8]| dump.windows(what.len()).any(|window| window == what);
        assert!(has(b"corestack"));
        // All of the memory is there, the panic's message in it.
        assert!(has(b"remember me") || !error.is_panic());
    }
    assert_eq!(folder.files(), 3);
}

#[test]
fn what_is_no_fault_of_the_code_leaves_none() {
    let folder = Folder::new("no-dumps");
    let pool = dumping(&folder, 10);
    assert_eq!(pool.submit(tasks::add, (1, 1)).unwrap().join().unwrap(), 2);
    let stopped = pool.submit(tasks::spin, ()).unwrap().join().unwrap_err();
    assert!(stopped.is_timeout() && stopped.coredump().is_none());
    let failed = pool.submit(tasks::fail, "x".to_owned()).unwrap();
    assert!(failed.join().unwrap_err().coredump().is_none());
    assert_eq!(folder.files(), 0);
}

#[test]
fn there_are_no_more_dumps_than_were_asked_for() {
    let folder = Folder::new("few-dumps");
    let pool = dumping(&folder, 2);
    let written = (0..5)
        .map(|_| pool.submit(tasks::abort, ()).unwrap().join().unwrap_err())
        .filter(|error| error.coredump().is_some());
    assert_eq!(written.count(), 2);
    assert_eq!(folder.files(), 2);
}

#[test]
fn a_folder_that_cannot_be_written_changes_nothing_else() {
    let folder = Folder::new("file-in-the-way");
    fs::create_dir_all(folder.path().parent().unwrap()).unwrap();
    fs::write(folder.path(), b"").unwrap();
    let pool = dumping(&folder, 2);
    let error = pool.submit(tasks::abort, ()).unwrap().join().unwrap_err();
    assert_eq!(error.to_string(), "task `abort` trapped: abort");
    assert_eq!(error.coredump(), None);
}

//! Modules that are kept compiled.

use std::fs;
use std::path::{Path, PathBuf};

use fault_tasks as tasks;
use sandpool::{Interruption, LoadError, ModuleStore, ProcessPool, TaskModule};
use twox_hash::XxHash3_128;

use crate::folder::Folder;

fn store(dir: &Folder) -> ModuleStore {
    ModuleStore::open(dir.path().join("new/modules")).unwrap()
}

fn load(store: &ModuleStore) -> TaskModule {
    TaskModule::builder(tasks::MODULE)
        .store(store)
        .load()
        .unwrap()
}

fn files(store: &ModuleStore) -> Vec<PathBuf> {
    let entries = fs::read_dir(store.folder()).unwrap();
    entries.map(|entry| entry.unwrap().path()).collect()
}

fn works(module: TaskModule) {
    let pool = ProcessPool::builder(module).workers(1).build().unwrap();
    assert_eq!(pool.call(tasks::add, (20, 22)).unwrap(), 42);
    let error = pool.call(tasks::boom, "ouch".to_owned()).unwrap_err();
    assert!(error.to_string().contains("ouch"), "{error}");
    // The names of functions are kept, too.
    let error = pool.submit(tasks::abort, ()).unwrap().join().unwrap_err();
    assert!(
        error
            .backtrace()
            .iter()
            .any(|frame| frame.function().contains("abort"))
    );
}

#[test]
fn a_module_is_compiled_once_for_each_setting() {
    let dir = Folder::new("store-once");
    let store = store(&dir);
    for stored in [false, true, true] {
        let module = load(&store);
        assert_eq!(module.was_stored(), stored);
        works(module);
    }
    let settings = [
        || TaskModule::builder(tasks::MODULE).interruption(Interruption::Epochs),
        || TaskModule::builder(tasks::MODULE).fuel_metering(),
        || TaskModule::builder(tasks::MODULE).bounds_checks(),
        || TaskModule::builder(tasks::MODULE).deterministic(),
        || TaskModule::builder(guest_tasks::MODULE),
    ];
    for setting in settings {
        for stored in [false, true] {
            let module = setting().store(&store).load().unwrap();
            assert_eq!(module.was_stored(), stored, "{module:?}");
        }
    }
    assert_eq!(files(&store).len(), 1 + settings.len());
    assert!(!TaskModule::new(tasks::MODULE).unwrap().was_stored());
}

fn damaged(damage: impl Fn(&Path)) {
    let dir = Folder::new("store-damaged");
    let store = store(&dir);
    load(&store);
    let [file] = &files(&store)[..] else {
        panic!("{:?}", files(&store));
    };
    damage(file);
    let module = load(&store);
    assert!(!module.was_stored());
    works(module);
    assert!(load(&store).was_stored());
}

#[test]
fn what_is_damaged_is_compiled_again_and_replaced() {
    let write = |file: &Path, change: &dyn Fn(&mut Vec<u8>)| {
        let mut bytes = fs::read(file).unwrap();
        change(&mut bytes);
        // Another file: the first may be mapped.
        fs::remove_file(file).unwrap();
        fs::write(file, bytes).unwrap();
    };
    damaged(|file| write(file, &|bytes| bytes.truncate(bytes.len() / 2)));
    damaged(|file| write(file, &|bytes| bytes.truncate(7)));
    damaged(|file| write(file, &Vec::clear));
    damaged(|file| write(file, &|bytes| *bytes.last_mut().unwrap() ^= 1));
    damaged(|file| {
        write(file, &|bytes| {
            let middle = bytes.len() / 2;
            bytes[middle] ^= 0x10;
        });
    });
    // Whole, and no module.
    damaged(|file| {
        write(file, &|bytes| {
            *bytes = XxHash3_128::oneshot(&[]).to_le_bytes().to_vec();
        })
    });
}

#[test]
fn many_can_write_and_read_at_once() {
    let dir = Folder::new("store-many");
    let store = store(&dir);
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for _ in 0..3 {
                    works(load(&store));
                    for file in files(&store) {
                        let _ = fs::remove_file(file);
                    }
                }
            });
        }
    });
    load(&store);
    assert!(load(&store).was_stored());
    let left: Vec<_> = files(&store);
    assert_eq!(left.len(), 1, "{left:?}");
}

#[test]
#[cfg(unix)]
fn a_folder_that_others_can_write_to_is_refused() {
    use std::os::unix::fs::PermissionsExt;
    let dir = Folder::new("store-private");
    let store = store(&dir);
    let mode = |mode| fs::set_permissions(store.folder(), fs::Permissions::from_mode(mode));
    let is_private = fs::metadata(store.folder()).unwrap().permissions().mode() & 0o777;
    assert_eq!(is_private, 0o700);
    for open in [0o770, 0o702] {
        mode(open).unwrap();
        let error = ModuleStore::open(store.folder()).unwrap_err();
        assert!(matches!(&error, LoadError::Store { .. }), "{error}");
        let cause = std::error::Error::source(&error).unwrap().to_string();
        assert!(cause.contains("chmod go-w"), "{cause}");
    }
    mode(0o755).unwrap();
    ModuleStore::open(store.folder()).unwrap();
}

#[test]
fn what_is_no_folder_is_refused_and_one_that_is_gone_is_no_error() {
    let dir = Folder::new("store-gone");
    fs::create_dir(dir.path()).unwrap();
    let file = dir.path().join("file");
    fs::write(&file, "x").unwrap();
    let error = ModuleStore::open(&file).unwrap_err();
    assert!(
        error.to_string().contains("cannot keep compiled modules"),
        "{error}"
    );
    let store = store(&dir);
    fs::remove_dir_all(store.folder()).unwrap();
    works(load(&store));
    assert!(!load(&store).was_stored());
}

/// What is refused when it is compiled is not stored.
#[test]
fn a_module_that_is_refused_is_refused_again() {
    let dir = Folder::new("store-refused");
    let store = store(&dir);
    for _ in 0..2 {
        let broken = &tasks::MODULE[..tasks::MODULE.len() / 2];
        assert!(TaskModule::builder(broken).store(&store).load().is_err());
    }
    assert!(files(&store).is_empty());
}

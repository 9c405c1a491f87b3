//! Compiled modules in a folder, for the next start.
//!
//! A file's name is the hash of all that the code in it depends on, and its last bytes are a checksum of those
//! before. It is written under another name and then renamed: whoever reads it finds all of it or
//! nothing.

use std::fs::{self, File};
use std::hash::{Hash, Hasher};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use twox_hash::XxHash3_128;
use wasmtime::{Engine, Module};

use crate::error::LoadError;

/// A folder that keeps modules compiled, so that they are not compiled again at the next start of the
/// program.
///
/// What is kept is machine code, which is run as it is: so nobody may be able to write to the folder who may
/// not also replace the program. [`open`](Self::open) makes a folder that only this user can read, and
/// refuses one that others can write to. Files that are damaged or were half written are noticed, and
/// the module is compiled again, as it is for another version of the engine, another kind of processor, and
/// other settings. Any number of processes may use a folder at once. Nothing is ever
/// removed from it: delete it, or what is old in it, when no program runs that uses it.
///
/// ```
/// use sandpool::{ModuleStore, ProcessPool, TaskModule};
///
/// # fn main() -> anyhow::Result<()> {
/// # let dir = tempfile::tempdir()?;
/// # let folder = dir.path().join("modules");
/// let store = ModuleStore::open(folder)?;
/// let load = || TaskModule::builder(guest_tasks::MODULE).store(&store).load();
/// let compiled = load()?;
/// assert!(!compiled.was_stored());
/// let found = load()?;
/// assert!(found.was_stored());
/// assert_eq!(ProcessPool::new(found)?.call(guest_tasks::primes_below, 10)?, 4);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct ModuleStore {
    folder: Arc<Path>,
}

/// The name of a compiled module: the hash of what it is made from, and how.
pub(super) struct Key(blake3::Hash);

impl ModuleStore {
    /// Opens a folder, and makes it if it is not there.
    ///
    /// # Errors
    ///
    /// [`LoadError::Store`] where it cannot be made or written to, belongs to another user, or can be written to
    /// by others. Windows and others without Unix's permissions are not asked who may write.
    pub fn open(folder: impl AsRef<Path>) -> Result<Self, LoadError> {
        let folder = folder.as_ref();
        let error = |source| LoadError::Store {
            path: folder.to_owned(),
            source,
        };
        let open = || {
            make(folder)?;
            let folder = folder.canonicalize()?;
            check(&folder)?;
            Ok(folder)
        };
        let folder = open().map_err(error)?;
        Ok(Self {
            folder: folder.into(),
        })
    }

    /// Returns the folder.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Returns the name of a module of this wasm for this engine; `more` is what else decides about it.
    pub(super) fn key(wasm: &[u8], engine: &Engine, more: impl Hash) -> Key {
        let mut hasher = Blake3(blake3::Hasher::new());
        env!("CARGO_PKG_VERSION").hash(&mut hasher);
        engine.precompile_compatibility_hash().hash(&mut hasher);
        more.hash(&mut hasher);
        hasher.0.update(wasm);
        Key(hasher.0.finalize())
    }

    /// Returns the module, if it is there and whole.
    pub(super) fn find(&self, engine: &Engine, key: &Key) -> Option<Module> {
        let path = self.path(key);
        is_whole(&path).ok().filter(|is_whole| *is_whole)?;
        #[expect(
            unsafe_code,
            reason = "the engine cannot tell whether the code in a file is its own"
        )]
        // SAFETY: the file is what `put` wrote: it ends with the checksum of the rest, and only who may replace this
        // program can write to the folder (`check`). Nobody writes to a file that is there: `put`
        // replaces it.
        let module = unsafe { Module::deserialize_file(engine, path) };
        module.ok()
    }

    /// Keeps the module. Where that cannot be done, it is compiled again the next time.
    pub(super) fn put(&self, key: &Key, module: &Module) {
        let Ok(code) = module.serialize() else {
            return;
        };
        let sum = XxHash3_128::oneshot(&code).to_le_bytes();
        let written = temporary(&self.folder).and_then(|(path, mut file)| {
            let written = file
                .write_all(&code)
                .and_then(|()| file.write_all(&sum))
                .and_then(|()| file.sync_all())
                .and_then(|()| fs::rename(&path, self.path(key)));
            if written.is_err() {
                let _ = fs::remove_file(&path);
            }
            written
        });
        let _ = written;
    }

    fn path(&self, key: &Key) -> PathBuf {
        self.folder.join(format!("{}.module", key.0.to_hex()))
    }
}

struct Blake3(blake3::Hasher);

impl Hasher for Blake3 {
    fn write(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    /// Is not asked for: all of the hash is.
    fn finish(&self) -> u64 {
        let hash = self.0.finalize();
        let (first, _) = hash.as_bytes().split_first_chunk().expect("it is longer");
        u64::from_le_bytes(*first)
    }
}

/// Whether the file ends with the checksum of the rest. It finds damage, not malice: who could forge it could
/// write any code there.
fn is_whole(path: &Path) -> io::Result<bool> {
    const SUM_BYTES: usize = 16;
    const PIECE_BYTES: usize = 64 << 10;
    let mut file = File::open(path)?;
    let Some(code_bytes) = file.metadata()?.len().checked_sub(SUM_BYTES as u64) else {
        return Ok(false);
    };
    let mut hasher = XxHash3_128::new();
    let mut piece = vec![0; PIECE_BYTES];
    let mut code = (&mut file).take(code_bytes);
    loop {
        match code.read(&mut piece)? {
            0 => break,
            bytes => hasher.write(&piece[..bytes]),
        };
    }
    let mut sum = [0; SUM_BYTES];
    file.read_exact(&mut sum)?;
    Ok(hasher.finish_128().to_le_bytes() == sum)
}

/// Makes a file of a name that no other has, for this user alone.
fn temporary(folder: &Path) -> io::Result<(PathBuf, File)> {
    static NUMBER: AtomicUsize = AtomicUsize::new(0);
    let (process, number) = (std::process::id(), NUMBER.fetch_add(1, Ordering::Relaxed));
    let time = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    let time = time.map_or(0, |time| time.as_nanos());
    let path = folder.join(format!("{process}-{number}-{time}.new"));
    let mut options = File::options();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let file = options.open(&path)?;
    Ok((path, file))
}

fn make(folder: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}

/// Checks that the folder can be written to by this user, and by nobody else.
fn check(folder: &Path) -> io::Result<()> {
    let (path, file) = temporary(folder)?;
    let own = file.metadata();
    drop(file);
    fs::remove_file(path)?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt;
        const OTHERS_WRITE: u32 = 0o022;
        let (own, folder) = (own?, folder.metadata()?);
        let refuse = |why| Err(io::Error::new(io::ErrorKind::PermissionDenied, why));
        if folder.uid() != own.uid() {
            return refuse("it belongs to another user, who could put any code there");
        }
        if folder.mode() & OTHERS_WRITE != 0 {
            return refuse(
                "others can write to it, who could put any code there: take that right from them (chmod go-w)",
            );
        }
    }
    #[cfg(not(unix))]
    drop(own);
    Ok(())
}

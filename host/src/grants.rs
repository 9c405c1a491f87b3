//! What guests may have of the world outside of their sandbox.

mod randomness;
#[cfg(feature = "wasi")]
mod wasi;

pub(crate) use randomness::Generator;
pub use randomness::Randomness;
#[cfg(feature = "wasi")]
pub use wasi::{Access, Wasi};

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use sandpool_abi::codec::{self, CodecError};
use sandpool_abi::imports::{CLOCK, HOST_MODULE, LOG, MODULE, RANDOM, TAKE_REPLY};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::error::LoadError;

/// What a module may import. By default nothing.
///
/// A module that imports something else is not loaded, and the error says what to grant. What is granted
/// and not imported does no harm.
///
/// ```
/// use sandpool::{Grants, LoadError, ProcessPool, TaskModule};
/// use shop_tasks::total;
///
/// # fn main() -> anyhow::Result<()> {
/// // The module has `host_functions! { fn price(article: &str) -> Option<u64>; }`.
/// let refused = TaskModule::new(shop_tasks::MODULE);
/// assert!(matches!(refused, Err(LoadError::Import { name, .. }) if name == "price"));
///
/// let grants = Grants::new().function("price", |article: String| match article.as_str() {
///     "apple" => Some(30_u64),
///     _ => None,
/// });
/// let module = TaskModule::builder(shop_tasks::MODULE).grants(grants).load()?;
/// let pool = ProcessPool::new(module)?;
/// assert_eq!(pool.submit(total, vec!["apple".to_owned(); 3])?.join()?, 90);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Default)]
pub struct Grants {
    pub(crate) clock: bool,
    pub(crate) randomness: Option<Randomness>,
    pub(crate) log: bool,
    pub(crate) functions: BTreeMap<String, Arc<HostFunction>>,
    #[cfg(feature = "wasi")]
    pub(crate) wasi: Option<Wasi>,
}

/// Decodes the arguments of a call. They are in the guest's memory, so the call comes after that.
pub(crate) type HostFunction = dyn Fn(&[u8]) -> Result<Box<HostCall>, CodecError> + Send + Sync;

/// Calls the closure, and encodes what it returns.
pub(crate) type HostCall = dyn FnOnce() -> Result<Vec<u8>, CodecError>;

impl Grants {
    /// Returns no grants.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Grants the time since the sandbox was made: `sandpool_guest::clock`. With [WASI](Self::wasi) also the
    /// time of day. Default: there is no time, and WASI's clocks stand still at 0.
    ///
    /// Who can tell the time exactly can tell what other code on the machine does. Only the host's own
    /// functions know the time otherwise.
    #[must_use]
    pub fn clock(mut self) -> Self {
        self.clock = true;
        self
    }

    /// Grants random bytes: `sandpool_guest::random`. Default: there are none, and WASI's are those of
    /// [`Seeded(0)`](Randomness::Seeded).
    #[must_use]
    pub fn randomness(mut self, randomness: Randomness) -> Self {
        self.randomness = Some(randomness);
        self
    }

    /// Grants lines in the host's log: `sandpool_guest::log`. Default: there are none.
    ///
    /// A line is an event of `tracing` inside the task's span, with the target `sandpool::guest`, the
    /// guest's level and the field `task`. The text is the guest's: what is no UTF-8 is replaced, control
    /// characters are escaped, lines longer than 8 KiB are cut. A task logs no more than
    /// [`Limits::log_bytes`](crate::Limits::log_bytes), then a last line says that the rest is dropped.
    /// Without the feature `tracing` of this crate, lines are accepted and dropped.
    #[must_use]
    pub fn log(mut self) -> Self {
        self.log = true;
        self
    }

    /// Grants a function of the host by its name: what guests declare with
    /// `sandpool_guest::host_functions!`. The closure takes the parameter of the guest's function, a tuple
    /// for several, `()` for none. Of two functions with one name the last one holds.
    ///
    /// The closure runs on the worker, while the guest waits, and is called by several workers at once. It
    /// cannot be interrupted: when the task's time is up, or it is cancelled, the worker is busy until the
    /// closure has returned, and the guest gets no further. If it panics, that is the task's panic: [`Panicked`](crate::TaskErrorKind::Panicked) with
    /// the place in the host, and the pool goes on. It may use pools, the guest's own included; but what it
    /// owns lives as long as the module, so of the guest's pool it should own a `Weak` pointer.
    ///
    /// What comes from the guest is decoded in bounds. Arguments that are larger than
    /// [`Limits::result_bytes`](crate::Limits::result_bytes) end the task as
    /// [`ResultTooLarge`](crate::TaskErrorKind::ResultTooLarge), a reply that is larger than
    /// [`Limits::argument_bytes`](crate::Limits::argument_bytes) as
    /// [`ArgumentsTooLarge`](crate::TaskErrorKind::ArgumentsTooLarge), and arguments that are no value of `A`
    /// as [`BadHostCall`](crate::TaskErrorKind::BadHostCall).
    #[must_use]
    pub fn function<A, R>(
        mut self,
        name: impl Into<String>,
        function: impl Fn(A) -> R + Send + Sync + 'static,
    ) -> Self
    where
        A: DeserializeOwned + 'static,
        R: Serialize,
    {
        let function = Arc::new(function);
        let prepare = move |arguments: &[u8]| {
            let arguments: A = codec::decode(arguments)?;
            let function = Arc::clone(&function);
            let call: Box<HostCall> = Box::new(move || codec::encode(&function(arguments)));
            Ok(call)
        };
        self.functions.insert(name.into(), Arc::new(prepare));
        self
    }

    /// Grants WASI preview 1, as far as it says. Default: there is none.
    #[cfg(feature = "wasi")]
    #[must_use]
    pub fn wasi(mut self, wasi: Wasi) -> Self {
        self.wasi = Some(wasi);
        self
    }

    /// Returns why something is not granted, and what to do; `None` where it is.
    pub(crate) fn refusal(&self, module: &str, name: &str) -> Option<String> {
        let (is_granted, grant) = match (module, name) {
            (MODULE, CLOCK) => (
                self.clock,
                "the clock is not granted; grant it with `Grants::clock`",
            ),
            (MODULE, RANDOM) => (
                self.randomness.is_some(),
                "random bytes are not granted; grant them with `Grants::randomness`",
            ),
            (MODULE, LOG) => (
                self.log,
                "the log is not granted; grant it with `Grants::log`",
            ),
            (MODULE, TAKE_REPLY) => (
                !self.functions.is_empty(),
                "no function of the host is granted; grant those that the module imports from `sandpool.host` with `Grants::function`",
            ),
            (HOST_MODULE, _) => {
                return (!self.functions.contains_key(name)).then(|| self.no_function(name));
            }
            (WASI_MODULE, _) => return self.no_wasi(name),
            _ => (
                false,
                "a sandbox grants nothing of that name; build it for wasm32-unknown-unknown and without crates that need an operating system or JavaScript",
            ),
        };
        (!is_granted).then(|| grant.to_owned())
    }

    fn no_function(&self, name: &str) -> String {
        let mut text =
            "the host's function is not granted; grant it with `Grants::function(".to_owned();
        text.push_str(&format!("{name:?}, ..)`"));
        if !self.functions.is_empty() {
            let names: Vec<&str> = self.functions.keys().map(String::as_str).collect();
            text.push_str(&format!("; granted are {}", names.join(", ")));
        }
        text
    }

    #[cfg(feature = "wasi")]
    fn no_wasi(&self, name: &str) -> Option<String> {
        const NO_SUCH: &str = "WASI preview 1 has nothing of that name";
        match &self.wasi {
            Some(_) => (!wasi::FUNCTIONS.contains(&name)).then(|| NO_SUCH.to_owned()),
            None => Some(format!(
                "it was built for an operating system; grant it one with `Grants::wasi`, or {REBUILD}"
            )),
        }
    }

    #[cfg(not(feature = "wasi"))]
    #[expect(
        clippy::unused_self,
        reason = "the shape that there is with the feature"
    )]
    fn no_wasi(&self, _: &str) -> Option<String> {
        Some(format!(
            "it was built for an operating system; a host with the feature `wasi` of sandpool could grant it one with `Grants::wasi`, or {REBUILD}"
        ))
    }

    /// Returns what is granted that is not the same on every run.
    pub(crate) fn nondeterministic(&self) -> Option<&'static str> {
        match self.randomness {
            _ if self.clock => Some("a clock"),
            Some(Randomness::System) => Some("randomness of the operating system"),
            Some(Randomness::Seeded(_)) | None => None,
        }
    }

    /// Whether programs are granted what they need: modules without tasks that export `_start`.
    pub(crate) fn has_wasi(&self) -> bool {
        #[cfg(feature = "wasi")]
        return self.wasi.is_some();
        #[cfg(not(feature = "wasi"))]
        false
    }

    /// Checks what depends on the machine, and has it hold wherever the host changes to.
    ///
    /// # Errors
    ///
    /// [`LoadError::Folder`], [`LoadError::Settings`].
    pub(crate) fn check(self) -> Result<Self, LoadError> {
        #[cfg(feature = "wasi")]
        let this = Self {
            wasi: self.wasi.map(Wasi::check).transpose()?,
            ..self
        };
        #[cfg(not(feature = "wasi"))]
        let this = self;
        Ok(this)
    }
}

/// The module of the imports of WASI preview 1.
pub(crate) const WASI_MODULE: &str = "wasi_snapshot_preview1";

const REBUILD: &str =
    "build it for wasm32-unknown-unknown and without crates that need an operating system";

impl fmt::Debug for Grants {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut fields = f.debug_struct("Grants");
        fields
            .field("clock", &self.clock)
            .field("randomness", &self.randomness)
            .field("log", &self.log)
            .field("functions", &self.functions.keys());
        #[cfg(feature = "wasi")]
        fields.field("wasi", &self.wasi);
        fields.finish()
    }
}

//! What guests may have of the world outside of their sandbox.

/// What a module may import. By default nothing.
#[derive(Clone, Debug, Default)]
pub struct Grants {
    _private: (),
}

impl Grants {
    /// Returns no grants.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Returns why something is not granted, and what to do; `None` where it is.
    pub(crate) fn refusal(&self, _module: &str, _name: &str) -> Option<String> {
        Some("a sandbox grants nothing of that name; build it for wasm32-unknown-unknown and without crates that need an operating system or JavaScript".to_owned())
    }

    /// Returns what is granted that is not the same on every run.
    pub(crate) fn nondeterministic(&self) -> Option<&'static str> {
        None
    }
}

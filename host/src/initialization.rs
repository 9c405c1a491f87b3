//! How sandboxes get to what an initializer has prepared.

/// How the sandboxes of a pool get to what its [initializer](crate::ProcessPoolBuilder::initializer) has
/// prepared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Initialization {
    /// The initializer ran once, when the pool was built. What was in the memory of its sandbox then is in every
    /// sandbox from the start; a page of it is copied when a task writes to it.
    Once,
    /// The initializer runs in each new sandbox.
    EachSandbox,
}

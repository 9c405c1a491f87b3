//! How a run tells how far it is.

/// What is told of every step before it begins.
#[derive(Clone, Copy, Debug)]
pub struct Step<'a> {
    /// The part of the run.
    pub section: &'static str,
    /// How many steps of this part are done.
    pub done: usize,
    /// How many steps this part has.
    pub of: usize,
    /// What comes next.
    pub what: &'a str,
}

/// Whom it is told.
pub type Progress<'a> = &'a dyn Fn(Step<'_>);

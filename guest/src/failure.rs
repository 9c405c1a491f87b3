//! The errors of tasks as hosts get them: text, and the text of every cause.
//!
//! The code of `#[task]` does not know which traits a task's error has, so it calls
//! `(&&&&Caught(error)).failure()` and lets method lookup choose: the trait whose `Self` needs the
//! fewest dereferences wins.

use std::error::Error;
use std::fmt::Display;

use sandpool_abi::Failure;

/// An error of a type that only the task knows.
#[derive(Debug)]
pub struct Caught<E>(pub E);

/// Errors with `std::error::Error`.
pub trait OfStandard {
    /// Returns the error with its causes.
    fn failure(&self) -> Failure;
}

impl<E: Error> OfStandard for &&&Caught<E> {
    fn failure(&self) -> Failure {
        chain(&self.0)
    }
}

/// `anyhow::Error`, `Box<dyn Error + Send + Sync>`.
pub trait OfSendableError {
    /// Returns the error with its causes.
    fn failure(&self) -> Failure;
}

impl<E: AsRef<dyn Error + Send + Sync>> OfSendableError for &&Caught<E> {
    fn failure(&self) -> Failure {
        chain(self.0.as_ref())
    }
}

/// `Box<dyn Error>`.
pub trait OfError {
    /// Returns the error with its causes.
    fn failure(&self) -> Failure;
}

impl<E: AsRef<dyn Error>> OfError for &Caught<E> {
    fn failure(&self) -> Failure {
        chain(self.0.as_ref())
    }
}

/// Everything else that can be shown: `String`, `&str`, numbers.
pub trait OfDisplay {
    /// Returns the error's text.
    fn failure(&self) -> Failure;
}

impl<E: Display> OfDisplay for Caught<E> {
    fn failure(&self) -> Failure {
        Failure {
            message: self.0.to_string(),
            causes: Vec::new(),
        }
    }
}

fn chain(error: &dyn Error) -> Failure {
    let mut causes = Vec::new();
    let mut cause = error.source();
    while let Some(error) = cause {
        causes.push(error.to_string());
        cause = error.source();
    }
    Failure {
        message: error.to_string(),
        causes,
    }
}

#[cfg(test)]
mod tests {
    use super::{Caught, OfDisplay as _, OfError as _, OfSendableError as _, OfStandard as _};
    use anyhow::Context;
    use std::error::Error;

    fn parse() -> Result<u8, std::num::ParseIntError> {
        "x".parse()
    }

    #[test]
    #[expect(
        clippy::needless_borrow,
        reason = "the borrows choose the trait, as in the code that `#[task]` writes"
    )]
    fn every_kind_of_error_gives_its_text_and_its_causes() {
        let digit = "invalid digit found in string";
        let standard = parse().unwrap_err();
        let anyhow = parse().context("no count").context("no order").unwrap_err();
        let boxed: Box<dyn Error> = Box::new(parse().unwrap_err());
        let sendable: Box<dyn Error + Send + Sync> = Box::new(parse().unwrap_err());

        let standard = (&&&&Caught(standard)).failure();
        assert_eq!(
            (standard.message.as_str(), standard.causes.len()),
            (digit, 0)
        );
        let anyhow = (&&&&Caught(anyhow)).failure();
        assert_eq!(anyhow.message, "no order");
        assert_eq!(anyhow.causes, ["no count", digit]);
        assert_eq!((&&&&Caught(boxed)).failure().message, digit);
        assert_eq!((&&&&Caught(sendable)).failure().message, digit);
        assert_eq!((&&&&Caught("plain")).failure().message, "plain");
        assert_eq!((&&&&Caught(7)).failure().message, "7");
    }
}

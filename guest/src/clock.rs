//! The time since the sandbox was made.

use std::time::Duration;

/// Returns the time since the sandbox was made. It never goes back.
///
/// A module that calls this is loaded by hosts that grant the clock (`Grants::clock`). Natively it is the
/// time since the first call in this process.
#[must_use]
pub fn now() -> Duration {
    #[cfg(target_family = "wasm")]
    return Duration::from_nanos(crate::imports::nanoseconds());
    #[cfg(not(target_family = "wasm"))]
    {
        use std::sync::LazyLock;
        use std::time::Instant;
        static FIRST: LazyLock<Instant> = LazyLock::new(Instant::now);
        FIRST.elapsed()
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn it_never_goes_back() {
        let first = super::now();
        assert!(super::now() >= first);
    }
}

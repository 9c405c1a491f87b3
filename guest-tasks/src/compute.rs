//! Arithmetic that takes as long as it is told to: the task to measure with.

use sandpool_guest::task;

/// Returns the sum of the square roots of all whole numbers below `n`; zero for `n` = 0.
///
/// The time grows with `n` and nothing else does: no memory, no encoding.
#[task]
pub fn heavy_compute(n: u64) -> f64 {
    (0..n).map(|i| (i as f64).sqrt()).sum()
}

#[cfg(test)]
mod tests {
    use super::heavy_compute;

    #[test]
    fn nothing_adds_up_to_zero() {
        assert_eq!(heavy_compute(0), 0.0);
        assert_eq!(heavy_compute(1), 0.0);
    }

    #[test]
    fn roots_below_the_bound_are_added_and_the_bound_is_not() {
        let expected = 1.0 + 2f64.sqrt() + 3f64.sqrt();
        assert_eq!(heavy_compute(4), expected);
        assert_eq!(heavy_compute(5), expected + 2.0);
    }

    #[test]
    fn many_roots_come_close_to_the_integral() {
        let n = 1_000_000;
        let integral = 2.0 / 3.0 * (n as f64).powf(1.5);
        // The terms of the Euler-Maclaurin formula that follow are below one.
        let expected = integral - (n as f64).sqrt() / 2.0;
        assert!((heavy_compute(n) - expected).abs() < 1.0);
    }
}

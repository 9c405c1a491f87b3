//! x
sandpool_guest::module!();

/// Sums.
#[sandpool_guest::task]
pub fn heavy_compute(n: u64) -> f64 {
    (0..n).map(|i| (i as f64).sqrt()).sum()
}

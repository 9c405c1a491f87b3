//! The function of the founding note: a sum of square roots.

use sandpool_guest::task;

/// Adds up the square roots of the numbers below `size`, and returns the bits of the sum.
#[task]
pub fn heavy_compute(size: u32) -> u64 {
    let mut total = 0.0;
    for i in 0..size {
        total += f64::from(i).sqrt();
    }
    total.to_bits()
}

#[cfg(test)]
mod tests {
    use super::heavy_compute;

    #[test]
    fn the_roots_below_five_are_added() {
        let sum = f64::from_bits(heavy_compute(5));
        assert!((sum - (3.0 + 2f64.sqrt() + 3f64.sqrt())).abs() < 1e-12);
    }
}

//! Functions that run in sandboxed processes.

use sandpool_guest::task;

sandpool_guest::module!();

/// Counts the prime numbers below `limit`.
#[task]
pub fn count_primes(limit: u32) -> u32 {
    let is_prime = |n: &u32| (2..).take_while(|d| d * d <= *n).all(|d| n % d != 0);
    (2..limit).filter(is_prime).count() as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    // A task is still a function.
    #[test]
    fn there_are_25_primes_below_100() {
        assert_eq!(count_primes(100), 25);
    }
}

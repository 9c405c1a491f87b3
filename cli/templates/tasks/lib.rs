//! Functions that run in sandboxed processes.

use sandpool_guest::task;

sandpool_guest::module!();

/// Counts the prime numbers below `limit`.
#[task]
pub fn count_primes(limit: u64) -> u64 {
    let divisors = |n: u64| (2..).take_while(move |d| d * d <= n);
    let is_prime = |n: &u64| !divisors(*n).any(|d| n.is_multiple_of(d));
    (2..limit).filter(is_prime).count() as u64
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

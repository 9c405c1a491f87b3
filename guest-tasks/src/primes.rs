//! Counting primes: a task whose memory grows with its argument.

use sandpool_guest::task;

/// Returns how many primes there are below `limit`. Takes one byte of memory for every number.
#[task]
pub fn primes_below(limit: u64) -> u64 {
    let Ok(len) = usize::try_from(limit) else {
        panic!("{limit} numbers cannot be addressed");
    };
    let mut is_prime = vec![true; len];
    is_prime
        .iter_mut()
        .take(2)
        .for_each(|number| *number = false);
    let mut number = 2;
    while number * number < len {
        if is_prime[number] {
            let multiples = is_prime.iter_mut().skip(number * number);
            multiples
                .step_by(number)
                .for_each(|multiple| *multiple = false);
        }
        number += 1;
    }
    is_prime.iter().map(|&is_prime| u64::from(is_prime)).sum()
}

#[cfg(test)]
mod tests {
    use super::primes_below;

    #[test]
    fn the_limit_itself_does_not_count() {
        let counts = [0, 1, 2, 3, 4, 5, 6].map(*primes_below);
        assert_eq!(counts, [0, 0, 0, 1, 2, 2, 3]);
    }

    #[test]
    fn known_counts_are_met() {
        // The prime-counting function at powers of ten, OEIS A006880; none of them is a prime.
        assert_eq!(
            [10, 100, 1000, 100_000].map(*primes_below),
            [4, 25, 168, 9592]
        );
    }
}

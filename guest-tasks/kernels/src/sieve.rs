//! The sieve of Eratosthenes: strided writes all over a large array.

use sandpool_guest::task;

use crate::checksum::Checksum;

/// Finds the primes below `size`.
#[task]
pub fn sieve(size: u32) -> u64 {
    let mut checksum = Checksum::new();
    primes(size as usize).for_each(|prime| checksum.add(prime as u64));
    checksum.finish()
}

fn primes(limit: usize) -> impl Iterator<Item = usize> {
    let mut composite = vec![false; limit];
    let mut number = 2;
    while number * number < limit {
        if !composite[number] {
            let mut multiple = number * number;
            while multiple < limit {
                composite[multiple] = true;
                multiple += number;
            }
        }
        number += 1;
    }
    let numbers = composite.into_iter().enumerate().skip(2);
    numbers
        .filter(|(_, composite)| !composite)
        .map(|(number, _)| number)
}

#[cfg(test)]
mod tests {
    use super::primes;

    #[test]
    fn there_are_78498_primes_below_a_million() {
        // OEIS A006880.
        assert_eq!(primes(1_000_000).count(), 78_498);
        assert_eq!(primes(12).collect::<Vec<_>>(), [2, 3, 5, 7, 11]);
        assert_eq!(primes(0).count(), 0);
    }
}

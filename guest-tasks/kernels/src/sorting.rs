//! Sorting: comparisons that nobody can predict, and memory moved around.

use sandpool_guest::task;

use crate::checksum::Checksum;
use crate::random::Random;

/// Sorts `size` numbers of 64 bits.
#[task]
pub fn sort(size: u32) -> u64 {
    let mut numbers = numbers(size);
    numbers.sort_unstable();
    let mut checksum = Checksum::new();
    numbers.into_iter().for_each(|number| checksum.add(number));
    checksum.finish()
}

fn numbers(size: u32) -> Vec<u64> {
    let mut random = Random::new(5);
    (0..size).map(|_| random.next()).collect()
}

#[cfg(test)]
mod tests {
    use super::{numbers, sort};
    use crate::checksum::Checksum;

    #[test]
    fn the_checksum_is_that_of_ascending_numbers() {
        let mut sorted = numbers(1000);
        sorted.sort();
        let mut checksum = Checksum::new();
        sorted.into_iter().for_each(|number| checksum.add(number));
        assert_eq!(sort(1000), checksum.finish());
    }
}

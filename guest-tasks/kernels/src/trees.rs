//! An ordered map: pointers followed from node to node.

use std::collections::BTreeMap;

use sandpool_guest::task;

use crate::checksum::Checksum;
use crate::random::Random;

/// Puts `size` entries into an ordered map, looks each up, and takes every other out again.
#[task]
pub fn ordered_map(size: u32) -> u64 {
    let mut random = Random::new(6);
    let keys: Vec<u32> = (0..size)
        .map(|_| random.below(size.saturating_mul(4)))
        .collect();
    let mut map = BTreeMap::new();
    for (number, &key) in keys.iter().enumerate() {
        map.insert(key, number as u64);
    }
    let mut checksum = Checksum::new();
    for key in &keys {
        checksum.add(map[key]);
    }
    for key in keys.iter().step_by(2) {
        checksum.add(map.remove(key).unwrap_or(u64::MAX));
    }
    for (&key, &number) in &map {
        checksum.add(u64::from(key));
        checksum.add(number);
    }
    checksum.finish()
}

#[cfg(test)]
mod tests {
    use super::ordered_map;

    #[test]
    fn more_entries_are_another_result() {
        assert_ne!(ordered_map(100), ordered_map(101));
    }
}

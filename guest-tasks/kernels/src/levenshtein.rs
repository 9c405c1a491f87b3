//! The distance of two texts by Levenshtein: each step waits for its neighbours.

use sandpool_guest::task;

use crate::checksum::Checksum;
use crate::random::Random;

/// Compares two texts of `size` letters, by letters.
#[task]
pub fn levenshtein(size: u32) -> u64 {
    let mut random = Random::new(8);
    let [a, b] = [(); 2].map(|()| {
        (0..size)
            .map(|_| b'a' + random.below(4) as u8)
            .collect::<Vec<_>>()
    });
    let mut checksum = Checksum::new();
    distances(&a, &b)
        .into_iter()
        .for_each(|distance| checksum.add(u64::from(distance)));
    checksum.finish()
}

/// Returns the distances of `a` from every beginning of `b`; the last is that of both.
fn distances(a: &[u8], b: &[u8]) -> Vec<u32> {
    let mut row: Vec<u32> = (0..=b.len() as u32).collect();
    for (number, letter) in a.iter().enumerate() {
        let mut diagonal = row[0];
        row[0] = number as u32 + 1;
        for (place, other) in b.iter().enumerate() {
            let replaced = diagonal + u32::from(letter != other);
            diagonal = row[place + 1];
            row[place + 1] = replaced.min(row[place] + 1).min(diagonal + 1);
        }
    }
    row
}

#[cfg(test)]
mod tests {
    use super::distances;

    #[test]
    fn kitten_and_sitting_are_three_apart() {
        let distance = |a: &str, b: &str| distances(a.as_bytes(), b.as_bytes()).pop();
        assert_eq!(distance("kitten", "sitting"), Some(3));
        assert_eq!(distance("", "abc"), Some(3));
        assert_eq!(distance("abc", "abc"), Some(0));
    }
}

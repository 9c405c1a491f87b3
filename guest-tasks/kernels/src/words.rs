//! Counting words: a hash map with texts for keys.

use std::collections::HashMap;

use sandpool_guest::task;

use crate::checksum::Checksum;
use crate::random::Random;

/// Counts the words of a text of 64 KiB, `size` times over, in one map of owned texts.
#[task]
pub fn word_count(size: u32) -> u64 {
    let text = Random::new(7).text(65_536);
    let mut counts = HashMap::new();
    for _ in 0..size {
        count(&text, &mut counts);
    }
    // The order of a hash map is another one every time.
    let mut counts: Vec<(String, u64)> = counts.into_iter().collect();
    counts.sort_unstable();
    let mut checksum = Checksum::new();
    for (word, count) in counts {
        checksum.add_bytes(word.as_bytes());
        checksum.add(count);
    }
    checksum.finish()
}

fn count(text: &str, counts: &mut HashMap<String, u64>) {
    for word in text.split_whitespace() {
        *counts.entry(word.to_owned()).or_default() += 1;
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::count;

    #[test]
    fn words_are_counted() {
        let mut counts = HashMap::new();
        count("a b\na  a", &mut counts);
        assert_eq!(
            counts,
            HashMap::from([("a".to_owned(), 3), ("b".to_owned(), 1)])
        );
    }
}

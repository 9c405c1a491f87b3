//! Regular expressions: searches that a processor with wide vectors jumps through.

use regex::Regex;
use sandpool_guest::task;

use crate::checksum::Checksum;
use crate::random::Random;

/// Words by their ends, a choice of literals, and something with classes and repetitions.
const PATTERNS: [&str; 3] = [
    r"\b\w+(?:ing|zk|qo)\b",
    "abc|xyz|quiz|hello",
    r"(?m)^[a-m]{3,}\s+[n-z]+",
];

/// Searches a text of 64 KiB for three expressions, `size` times.
#[task]
pub fn regex_search(size: u32) -> u64 {
    let text = Random::new(9).text(65_536);
    let expressions = PATTERNS.map(|pattern| Regex::new(pattern).expect("the expression is right"));
    let mut checksum = Checksum::new();
    for _ in 0..size {
        for expression in &expressions {
            for found in expression.find_iter(&text) {
                checksum.add(found.start() as u64);
                checksum.add(found.end() as u64);
            }
        }
    }
    checksum.finish()
}

#[cfg(test)]
mod tests {
    use super::{PATTERNS, Regex};

    #[test]
    fn each_expression_finds_what_it_is_for() {
        let text = "abc begin nothing\nsing amid quiz\nabc zoo";
        let found = PATTERNS.map(|pattern| {
            let expression = Regex::new(pattern).unwrap();
            expression
                .find_iter(text)
                .map(|found| found.as_str())
                .collect::<Vec<_>>()
        });
        assert_eq!(found[0], ["nothing", "sing"]);
        assert_eq!(found[1], ["abc", "quiz", "abc"]);
        assert_eq!(found[2], ["abc zoo"]);
    }
}

//! Text in, structs out: the most frequent words of a text.

use std::collections::HashMap;

use sandpool_guest::{Schema, task};
use serde::{Deserialize, Serialize};

/// A word and how often it occurs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Schema)]
pub struct WordCount {
    /// The word, in lower case.
    pub word: String,
    /// How often it occurs; at least once.
    pub count: u64,
}

/// Returns the `top` most frequent words of `text`, the most frequent one first.
///
/// A word is a run of letters and digits, as Unicode defines them, and counts in lower case. Words
/// that are equally frequent are in the order of their code points. There are fewer than `top` where
/// the text has no more, and none if `top` is zero.
#[task]
pub fn word_frequencies(text: &str, top: u32) -> Vec<WordCount> {
    let mut ranking = ranked(count(words(text)));
    ranking.truncate(top as usize);
    ranking
}

fn words(text: &str) -> impl Iterator<Item = String> {
    text.split(|letter: char| !letter.is_alphanumeric())
        .filter(|word| !word.is_empty())
        // Of the whole word, as some letters depend on their place: a final Σ becomes ς.
        .map(str::to_lowercase)
}

fn count(words: impl Iterator<Item = String>) -> HashMap<String, u64> {
    let mut counts = HashMap::new();
    for word in words {
        *counts.entry(word).or_default() += 1;
    }
    counts
}

fn ranked(counts: HashMap<String, u64>) -> Vec<WordCount> {
    let mut ranking: Vec<WordCount> = counts
        .into_iter()
        .map(|(word, count)| WordCount { word, count })
        .collect();
    ranking.sort_unstable_by(|a, b| b.count.cmp(&a.count).then_with(|| a.word.cmp(&b.word)));
    ranking
}

#[cfg(test)]
mod tests {
    use super::word_frequencies;

    /// The ranking as `word:count`, separated by blanks.
    fn ranking(text: &str, top: u32) -> String {
        let ranking = word_frequencies(text, top);
        let entries = ranking
            .iter()
            .map(|entry| format!("{}:{}", entry.word, entry.count));
        entries.collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn a_text_without_words_has_no_frequencies() {
        assert_eq!(ranking("", 10), "");
        assert_eq!(ranking(" -- \n\t... ¿? 🦀", 10), "");
    }

    #[test]
    fn words_end_where_letters_and_digits_end() {
        assert_eq!(ranking("a-b,a\nb a. x86_64", 10), "a:3 b:2 64:1 x86:1");
    }

    #[test]
    fn case_does_not_tell_words_apart() {
        assert_eq!(ranking("Rust RUST rust ruSt.", 10), "rust:4");
    }

    #[test]
    fn letters_of_any_script_make_words() {
        assert_eq!(
            ranking("Straße 日本、日本 ÉTÉ été", 10),
            "été:2 日本:2 straße:1"
        );
        // A capital sigma at the end of a word has a lower case of its own.
        assert_eq!(ranking("ΟΔΟΣ οδος", 10), "οδος:2");
    }

    #[test]
    fn equally_frequent_words_are_in_order_and_cut_there() {
        assert_eq!(ranking("d c b a b d", 3), "b:2 d:2 a:1");
        assert_eq!(ranking("d c b a", 2), "a:1 b:1");
    }

    #[test]
    fn top_bounds_the_ranking_only_where_there_are_more() {
        assert_eq!(ranking("a b", 0), "");
        assert_eq!(ranking("a b", u32::MAX), "a:1 b:1");
    }
}

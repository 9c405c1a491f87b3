//! The tasks with which the benchmarks measure what isolation costs: each does one thing and next to
//! nothing beside it. The module is small, so that loading it is not what is measured.

use sandpool_guest::{Schema, task};
use serde::{Deserialize, Serialize};

/// Does nothing.
#[task]
pub fn nothing() {}

/// Returns the bytes.
#[task]
pub fn echo(bytes: &[u8]) -> Vec<u8> {
    bytes.to_vec()
}

/// Returns the numbers.
#[task]
pub fn echo_numbers(numbers: &[f64]) -> Vec<f64> {
    numbers.to_vec()
}

/// A small struct.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Schema)]
pub struct Article {
    /// Its number.
    pub id: u32,
    /// How many there are.
    pub count: u64,
    /// Its name.
    pub name: String,
}

/// Returns the article with one more of it.
#[task]
pub fn one_more(article: Article) -> Article {
    Article {
        count: article.count + 1,
        ..article
    }
}

/// Keeps its worker busy for so many additions, and returns how many there were.
#[task]
pub fn count(additions: u64) -> u64 {
    (0..additions).fold(0, |sum, _| std::hint::black_box(sum) + 1)
}

/// Allocates so many bytes, and writes to every page of them. Returns how many pages there were.
#[task]
pub fn touch(bytes: u64) -> u64 {
    const PAGE_BYTES: usize = 4096;
    let mut memory: Vec<u8> = Vec::with_capacity(usize::try_from(bytes).unwrap_or(usize::MAX));
    let pages = memory.spare_capacity_mut().chunks_mut(PAGE_BYTES);
    let pages = pages.map(|page| page[0].write(1)).count();
    std::hint::black_box(&mut memory);
    pages as u64
}

thread_local! {
    static FACTORS: std::cell::RefCell<Vec<u32>> = const { std::cell::RefCell::new(Vec::new()) };
}

/// Prepares a table with the smallest factor of each number below this one: 4 bytes for each.
#[task]
pub fn prepare(numbers: u32) {
    let mut factors: Vec<u32> = (0..numbers).collect();
    for number in (2..).take_while(|number| number * number < numbers) {
        if factors[number as usize] == number {
            for multiple in (number * number..numbers).step_by(number as usize) {
                let factor = &mut factors[multiple as usize];
                *factor = number.min(*factor);
            }
        }
    }
    FACTORS.set(factors);
}

/// Returns the smallest factor of a number from the table.
#[task]
pub fn smallest_factor(number: u32) -> Option<u32> {
    FACTORS.with_borrow(|factors| factors.get(number as usize).copied())
}

/// Never returns.
#[task]
pub fn spin() {
    loop {
        std::hint::spin_loop();
    }
}

/// Ends as a crash of the process would: without a word.
#[task]
pub fn crash() {
    std::process::abort();
}

/// The `heavy_compute` of the founding note, to the letter: it does not look at its argument.
#[task]
pub fn heavy_compute(_n: u64) -> f64 {
    let mut total = 0.0;
    for i in 0..10_000_000 {
        total += f64::from(i).sqrt();
    }
    total
}

sandpool_guest::module!();

#[cfg(test)]
mod tests {
    use super::{
        Article, count, echo, echo_numbers, heavy_compute, one_more, prepare, smallest_factor,
    };

    #[test]
    fn what_is_echoed_is_what_came() {
        assert_eq!(echo(b"abc"), b"abc");
        assert_eq!((*echo_numbers)(&[0.5, 2.0]), [0.5, 2.0]);
    }

    #[test]
    fn one_more_is_one_more() {
        let article = |number| Article {
            id: 7,
            count: number,
            name: "cheese".to_owned(),
        };
        assert_eq!((*one_more)(article(2)), article(3));
    }

    #[test]
    fn every_addition_counts() {
        assert_eq!(count(1000), 1000);
    }

    #[test]
    fn the_table_has_the_smallest_factors() {
        (*prepare)(100);
        let found = [2, 9, 35, 77, 97, 100].map(*smallest_factor);
        let expected = [Some(2), Some(3), Some(5), Some(7), Some(97), None];
        assert_eq!(found, expected);
    }

    #[test]
    fn the_argument_of_heavy_compute_changes_nothing() {
        assert_eq!(heavy_compute(1), heavy_compute(4));
    }
}

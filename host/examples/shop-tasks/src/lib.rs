//! The task of the example `host_functions`: adds up prices that only the host has.

use sandpool_guest::{host_functions, task};

sandpool_guest::module!();

host_functions! {
    /// Returns the price of an article in cents, if the host has it.
    fn price(article: &str) -> Option<u64>;
}

/// Adds up what the articles cost, in cents.
#[task]
pub fn total(articles: Vec<String>) -> Result<u64, String> {
    let prices = articles
        .iter()
        .map(|article| price(article).ok_or_else(|| format!("there is no {article}")));
    prices.sum()
}

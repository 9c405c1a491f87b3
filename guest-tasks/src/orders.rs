//! JSON lines in, nested structs out: totals of a file of orders.

use std::collections::BTreeMap;

use anyhow::Context;
use sandpool_guest::{Schema, task};
use serde::{Deserialize, Serialize};

/// What a file of orders adds up to.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, Schema)]
pub struct Summary {
    /// How many orders there are.
    pub orders: u64,
    /// What they cost together.
    pub amount: f64,
    /// The totals of every customer, by name.
    pub customers: BTreeMap<String, CustomerTotal>,
    /// What was ordered most; of several the first by name. `None` if no order has an item.
    pub top_sku: Option<SkuTotal>,
}

/// What the orders of one customer add up to.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, Schema)]
pub struct CustomerTotal {
    /// How many orders there are.
    pub orders: u64,
    /// What they cost together.
    pub amount: f64,
}

/// How much of one article was ordered.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Schema)]
pub struct SkuTotal {
    /// The article's stock keeping unit.
    pub sku: String,
    /// How many pieces of it, in all orders together.
    pub count: u64,
}

/// A line of the input. Fields that it does not name are ignored.
#[derive(Deserialize)]
struct Order {
    customer: String,
    amount: f64,
    items: Vec<Item>,
}

#[derive(Deserialize)]
struct Item {
    sku: String,
    // Small enough that no file can make the sum of them overflow.
    count: u32,
}

/// Returns the totals of the orders in `json_lines`; blank lines are skipped.
///
/// An order is written like `{"customer": "Ann", "amount": 12.5, "items": [{"sku": "pen", "count": 3}]}`.
///
/// # Errors
///
/// The first line that is no order, by its number from 1, with what is wrong with it as the cause.
#[task]
pub fn summarize_orders(json_lines: &str) -> anyhow::Result<Summary> {
    let mut totals = Totals::default();
    for order in orders(json_lines) {
        totals.add(order?);
    }
    Ok(totals.into_summary())
}

fn orders(json_lines: &str) -> impl Iterator<Item = anyhow::Result<Order>> {
    let numbered = (1..).zip(json_lines.lines());
    numbered
        .filter(|(_, line)| !line.trim().is_empty())
        .map(|(number, line): (usize, _)| {
            serde_json::from_str(line).with_context(|| format!("line {number} is no order"))
        })
}

/// The sums so far.
#[derive(Default)]
struct Totals {
    summary: Summary,
    skus: BTreeMap<String, u64>,
}

impl Totals {
    fn add(&mut self, order: Order) {
        self.summary.orders += 1;
        self.summary.amount += order.amount;
        let customer = self.summary.customers.entry(order.customer).or_default();
        customer.orders += 1;
        customer.amount += order.amount;
        for item in order.items {
            *self.skus.entry(item.sku).or_default() += u64::from(item.count);
        }
    }

    fn into_summary(self) -> Summary {
        // Of equal ones the last is taken, which backwards is the first by name.
        let top = self.skus.into_iter().rev().max_by_key(|(_, count)| *count);
        Summary {
            top_sku: top.map(|(sku, count)| SkuTotal { sku, count }),
            ..self.summary
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{CustomerTotal, SkuTotal, Summary, summarize_orders};

    const ANN: &str =
        r#"{"customer": "Ann", "amount": 12.5, "items": [{"sku": "pen", "count": 3}]}"#;
    const BO: &str = r#"{"customer": "Bö\n", "amount": 0.25, "items": [{"sku": "ink", "count": 2}, {"sku": "pen", "count": 1}]}"#;

    /// The error and its causes.
    fn failure(json_lines: &str) -> Vec<String> {
        let error = summarize_orders(json_lines).expect_err("no summary");
        error.chain().map(ToString::to_string).collect()
    }

    #[test]
    fn a_file_without_orders_adds_up_to_nothing() {
        assert_eq!(summarize_orders("").unwrap(), Summary::default());
        assert_eq!(
            summarize_orders("\n  \r\n\t\n").unwrap(),
            Summary::default()
        );
    }

    #[test]
    fn orders_add_up_in_all_and_per_customer() {
        let summary = summarize_orders(&format!("{ANN}\r\n\n{BO}\n{ANN}")).unwrap();
        let total = |orders, amount| CustomerTotal { orders, amount };
        assert_eq!((summary.orders, summary.amount), (3, 25.25));
        assert_eq!(summary.customers.len(), 2);
        assert_eq!(summary.customers["Ann"], total(2, 25.0));
        assert_eq!(summary.customers["Bö\n"], total(1, 0.25));
        let sku = "pen".to_owned();
        assert_eq!(summary.top_sku, Some(SkuTotal { sku, count: 7 }));
    }

    #[test]
    fn of_equally_ordered_articles_the_first_by_name_is_on_top() {
        let items =
            r#"[{"sku": "b", "count": 2}, {"sku": "a", "count": 1}, {"sku": "a", "count": 1}]"#;
        let order = format!(r#"{{"customer": "", "amount": 1, "items": {items}}}"#);
        let top = summarize_orders(&order).unwrap().top_sku.unwrap();
        assert_eq!((top.sku.as_str(), top.count), ("a", 2));
    }

    #[test]
    fn orders_without_items_have_no_top_article() {
        let order = r#"{"customer": "Ann", "amount": -1.5, "items": [], "note": "refund"}"#;
        let summary = summarize_orders(order).unwrap();
        assert_eq!((summary.amount, summary.top_sku), (-1.5, None));
    }

    #[test]
    fn a_line_that_is_no_json_is_named_and_explained() {
        let failure = failure(&format!("{ANN}\n{{oops\n{ANN}"));
        assert_eq!(failure.len(), 2, "{failure:?}");
        assert_eq!(failure[0], "line 2 is no order");
        assert!(failure[1].contains("key must be a string"), "{failure:?}");
    }

    #[test]
    fn blank_lines_count_when_a_line_is_named() {
        let failure = failure(&format!("\n{ANN}\n\n{{\"customer\": \"Ann\"}}"));
        assert_eq!(failure[0], "line 4 is no order");
        assert!(failure[1].contains("missing field `amount`"), "{failure:?}");
    }

    #[test]
    fn counts_and_amounts_out_of_range_are_errors() {
        for (right, wrong) in [
            ("12.5", "1e999"),
            ("12.5", "\"12.5\""),
            ("3}", "-3}"),
            ("3}]}", "3}]} 1"),
        ] {
            let failure = failure(&ANN.replace(right, wrong));
            assert_eq!(failure[0], "line 1 is no order", "{wrong}");
        }
    }
}

//! JSON: read into types, and read into whatever comes.

use sandpool_guest::task;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::checksum::Checksum;
use crate::random::Random;

#[derive(Serialize, Deserialize)]
struct Order {
    id: u64,
    customer: String,
    paid: bool,
    total: f64,
    lines: Vec<Line>,
}

#[derive(Serialize, Deserialize)]
struct Line {
    article: String,
    count: u32,
    price: f64,
}

/// Reads 200 orders into structs and writes them again, `size` times.
#[task]
pub fn json_typed(size: u32) -> u64 {
    let mut text = text();
    let mut checksum = Checksum::new();
    for _ in 0..size {
        let orders: Vec<Order> = serde_json::from_str(&text).expect("it was written here");
        text = serde_json::to_string(&orders).expect("orders can be written");
        checksum.add_bytes(text.as_bytes());
    }
    checksum.finish()
}

/// Reads 200 orders into values of any kind and adds up what is in them, `size` times.
#[task]
pub fn json_untyped(size: u32) -> u64 {
    let text = text();
    let mut checksum = Checksum::new();
    for _ in 0..size {
        let value = serde_json::from_str(&text).expect("it was written here");
        add(&mut checksum, &value);
    }
    checksum.finish()
}

fn add(checksum: &mut Checksum, value: &Value) {
    match value {
        Value::Null => checksum.add(0),
        Value::Bool(value) => checksum.add(u64::from(*value)),
        Value::Number(value) => checksum.add_f64(value.as_f64().unwrap_or(0.0)),
        Value::String(text) => checksum.add_bytes(text.as_bytes()),
        Value::Array(values) => values.iter().for_each(|value| add(checksum, value)),
        Value::Object(entries) => {
            for (key, value) in entries {
                checksum.add_bytes(key.as_bytes());
                add(checksum, value);
            }
        }
    }
}

fn text() -> String {
    let mut random = Random::new(13);
    let orders: Vec<Order> = (0..200)
        .map(|id| Order {
            id,
            customer: random.word() + " " + &random.word(),
            paid: random.below(2) == 0,
            total: f64::from(random.below(1_000_000)) / 100.0,
            lines: (0..1 + random.below(6))
                .map(|_| Line {
                    article: random.word(),
                    count: random.below(10),
                    price: f64::from(random.below(10_000)) / 100.0,
                })
                .collect(),
        })
        .collect();
    serde_json::to_string(&orders).expect("orders can be written")
}

#[cfg(test)]
mod tests {
    use super::{Order, json_typed, json_untyped, text};

    #[test]
    fn what_is_read_and_written_again_is_the_same() {
        let text = text();
        assert!((30_000..100_000).contains(&text.len()), "{}", text.len());
        let orders: Vec<Order> = serde_json::from_str(&text).unwrap();
        assert_eq!(serde_json::to_string(&orders).unwrap(), text);
    }

    #[test]
    fn another_round_is_another_result() {
        assert_ne!(json_typed(1), json_typed(2));
        assert_ne!(json_untyped(1), json_untyped(2));
    }
}

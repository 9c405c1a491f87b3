use std::borrow::Cow;

#[sandpool_guest::task]
fn longest(words: Vec<&str>) -> String {
    words.concat()
}

#[sandpool_guest::task]
fn first(words: &[&str]) -> String {
    words[0].to_owned()
}

#[sandpool_guest::task]
fn trimmed(text: &str) -> &str {
    text.trim()
}

#[sandpool_guest::task]
fn named(text: &'static str) -> usize {
    text.len()
}

#[sandpool_guest::task]
fn cow(text: Cow<'_, str>) -> usize {
    text.len()
}

#[sandpool_guest::task]
fn change(values: &mut Vec<u8>) {
    values.clear();
}

#[sandpool_guest::task]
fn boxed(value: Box<dyn std::fmt::Debug>) {
    drop(value);
}

fn main() {}

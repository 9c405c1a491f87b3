#[sandpool_guest::task]
fn largest<T: Ord>(values: Vec<T>) -> Option<T> {
    values.into_iter().max()
}

#[sandpool_guest::task]
fn total(values: impl Iterator<Item = u32>) -> u32 {
    values.sum()
}

fn main() {}

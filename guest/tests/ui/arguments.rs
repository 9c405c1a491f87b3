#[sandpool_guest::task(name = "other")]
fn named(n: u32) -> u32 {
    n
}

#[sandpool_guest::task]
struct NotAFunction;

fn main() {}

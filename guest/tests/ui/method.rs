struct Counter;

impl Counter {
    #[sandpool_guest::task]
    fn count(&self, n: u32) -> u32 {
        n
    }
}

fn main() {}

#[sandpool_guest::task]
unsafe fn peek(address: u32) -> u8 {
    address as u8
}

fn main() {}

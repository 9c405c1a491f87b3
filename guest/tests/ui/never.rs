#[sandpool_guest::task]
fn forever() -> ! {
    loop {}
}

fn main() {}

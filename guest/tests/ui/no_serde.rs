struct Order {
    id: u64,
}

#[sandpool_guest::task]
fn total(order: Order) -> u64 {
    order.id
}

fn main() {}

//! A task that asks the host: the host grants a function, and the module is loaded with that and nothing else.

use std::collections::HashMap;

use sandpool::{Grants, ProcessPool, TaskModule};
use shop_tasks::total;

fn main() -> anyhow::Result<()> {
    // What is not granted cannot be imported.
    let refused = TaskModule::new(shop_tasks::MODULE).unwrap_err();
    println!("{refused}");

    let prices = HashMap::from([("apple", 30_u64), ("pear", 40)]);
    let grants = Grants::new().function("price", move |article: String| {
        prices.get(article.as_str()).copied()
    });
    let module = TaskModule::builder(shop_tasks::MODULE)
        .grants(grants)
        .load()?;
    let pool = ProcessPool::new(module)?;

    let order = ["apple", "apple", "pear"].map(str::to_owned).to_vec();
    assert_eq!(pool.submit(total, order)?.join()?, 100);

    let order = vec!["plum".to_owned()];
    let error = pool.submit(total, order)?.join().unwrap_err();
    println!("{:#}", anyhow::Error::from(error));
    Ok(())
}

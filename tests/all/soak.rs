//! The soak test in small: every setting once.

use sandpool_tests::soak::{self, Plan};

#[test]
fn honest_tasks_are_served_beside_misbehaving_ones_under_every_setting() {
    let plan = Plan {
        minutes: 0,
        tasks: 5 * 2_048,
        generation: 2_048,
        seed: 1,
    };
    let verdict = soak::run(plan, |_| {}).unwrap_or_else(|violation| panic!("{violation}"));
    assert!(verdict.contains("in 5 generations of pools"), "{verdict}");
}

//! The stress test in small: every kind of pool with every kind of shutdown.

use sandpool_tests::stress::{self, Ending, Plan, ROUNDS_FOR_ALL};

#[test]
fn every_task_ends_once_whatever_is_cancelled_crashes_or_shuts_down_meanwhile() {
    const TASKS: usize = 1000;
    let plan = Plan {
        tasks: TASKS,
        rounds: ROUNDS_FOR_ALL,
        first: 0,
        seed: 1,
    };
    let mut accepted = Vec::new();
    let told = |report: &stress::Report| accepted.push(report.accepted());
    let total = stress::run(plan, told).unwrap_or_else(|violation| panic!("{violation}"));
    assert_eq!(accepted.len(), ROUNDS_FOR_ALL);
    assert!(accepted.iter().all(|tasks| *tasks >= TASKS as u64));
    // All ways to end have come up; else the test shows less than it says.
    let endings = total.endings();
    for ending in Ending::ALL {
        assert!(endings.get(ending) > 0, "{ending:?}: {endings}");
    }
}

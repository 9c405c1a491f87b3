//! The corpus: modules that misbehave in one way each, and what has to come of it.
//!
//! Every module is run, or refused, fifty times while honest tasks are run beside it; their results are
//! compared all the time. When all is done, the process is as large as it was, and has no more threads.

mod case;
mod compiled;
mod generated;
mod honest;
mod process;
mod written;

use case::Case;
use honest::Honest;

/// How often each module is run or refused.
const RUNS: usize = 50;

fn cases() -> Vec<Case> {
    let mut cases = written::cases();
    cases.extend(generated::cases());
    cases.extend(compiled::cases());
    cases
}

#[test]
fn every_module_ends_as_it_says_and_nobody_else_notices() {
    let honest = Honest::start();
    let mut wrong = Vec::new();
    // The first time, all that is made once is made: threads, pools of memory, the compiler's tables.
    for case in cases() {
        wrong.extend(case.run(1, &honest).err());
    }
    let before = process::Size::settled(honest.threads());
    for case in cases() {
        wrong.extend(case.run(case.runs(), &honest).err());
    }
    let after = process::Size::settled(honest.threads());
    let served = honest.stop();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(served > 0, "honest tasks were run meanwhile");
    after.is_as(&before);
}

#[test]
fn there_are_so_many_as_were_promised() {
    assert!(written::cases().len() >= 100);
    assert!(generated::cases().len() >= 12);
    assert!(compiled::cases().len() >= 12);
}

#[test]
fn a_module_that_ends_otherwise_is_noticed() {
    let honest = Honest::start();
    let wrong = [
        written::parse("wrong_end", ";; x\n;; ends: Value\n(module)"),
        written::parse("wrong_refusal", ";; x\n;; refused: Empty\n(module)"),
        written::parse(
            "wrong_text",
            ";; x\n;; refused: NoTasks\n;; says: nothing of the kind\n;; records: none\n(module)",
        ),
    ];
    for case in wrong {
        case.run(1, &honest).unwrap_err();
    }
    let right = written::parse(
        "right",
        ";; x\n;; refused: NoTasks\n;; records: none\n(module)",
    );
    right.run(1, &honest).unwrap();
    honest.stop();
}

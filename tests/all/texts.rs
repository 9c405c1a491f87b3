//! Text from a sandbox is cut, and misleads nobody who reads it.

use std::error::Error;

use fault_tasks as tasks;
use sandpool::{Limits, TaskErrorKind};
use sandpool_tests::pool;

const EVIL: &str = "\u{1b}[31mred\u{202e}\r\nERROR: forged\u{9b}2J";
const SHOWN: &str = "\\u{1b}[31mred\\u{202e}\\u{d}\n    ERROR: forged\\u{9b}2J";

#[test]
fn a_panic_is_shown_without_what_a_terminal_obeys() {
    let pool = pool(1, Limits::new());
    let error = pool.submit(tasks::boom, EVIL.to_owned()).unwrap().join();
    let error = error.unwrap_err();
    assert!(error.to_string().ends_with(SHOWN), "{error}");
    let TaskErrorKind::Panicked(panic) = error.kind() else {
        panic!("{error}");
    };
    assert_eq!(panic.message(), EVIL, "as it came, for those who ask");
}

#[test]
fn an_error_and_its_causes_are_shown_so_too() {
    let pool = pool(1, Limits::new());
    let error = pool.submit(tasks::fail_with, (EVIL.to_owned(), 2)).unwrap();
    let error = error.join().unwrap_err();
    let chain = std::iter::successors(error.source(), |cause| Error::source(*cause));
    let shown: Vec<String> = chain.map(ToString::to_string).collect();
    assert_eq!(shown, [SHOWN; 3]);
    let arguments = pool.submit_json("add", format!("[1, {EVIL:?}]")).unwrap();
    let arguments = arguments.join().unwrap_err().to_string();
    assert!(!arguments.contains('\u{1b}'), "{arguments:?}");
}

#[test]
fn what_is_too_long_is_cut_and_says_so() {
    let pool = pool(1, Limits::new().panic_bytes(10));
    let boom = |limits| {
        let boom = pool.with(limits).submit(tasks::boom, "x".repeat(1000));
        boom.unwrap().join().unwrap_err().to_string()
    };
    let cut = boom(Limits::new().panic_bytes(10));
    assert!(
        cut.ends_with(": xxxxxxxxxx... (990 bytes cut off)"),
        "{cut}"
    );
    let whole = boom(Limits::new());
    assert!(whole.ends_with(&"x".repeat(1000)), "{whole}");
    let failed = pool.submit(tasks::fail_with, ("y".repeat(100), 1)).unwrap();
    let failed = failed.join().unwrap_err();
    let cause = failed.source().and_then(Error::source).unwrap();
    assert_eq!(cause.to_string(), "yyyyyyyyyy... (90 bytes cut off)");
}

#[test]
fn names_of_functions_are_those_of_the_source() {
    let pool = pool(1, Limits::new());
    let error = pool.submit(tasks::boom, String::new()).unwrap().join();
    let names = error.unwrap_err();
    let names: Vec<&str> = names
        .backtrace()
        .iter()
        .map(|frame| frame.function())
        .collect();
    assert_eq!(names[0], "fault_tasks::boom");
}

//! Tasks in Rust that misbehave, compiled as every task is.

use std::time::Duration;

use fault_tasks::unruly;
use sandpool::Limits;

use crate::case::{Case, End, Submit, submit};

pub(crate) fn cases() -> Vec<Case> {
    let cases: [(&str, &str, &str, Submit); 21] = [
        ("abort", "Trapped(Unreachable)", "", |pool| {
            submit(pool, fault_tasks::abort, ())
        }),
        ("wild_read", "Trapped(MemoryOutOfBounds)", "", |pool| {
            submit(pool, fault_tasks::wild_read, ())
        }),
        (
            "index_out_of_bounds",
            "Panicked",
            "the index is 9",
            |pool| submit(pool, fault_tasks::index_out_of_bounds, 9),
        ),
        ("spin", "DeadlineExceeded", "", |pool| {
            submit(pool, fault_tasks::spin, ())
        }),
        ("recurse", "StackOverflow", "", |pool| {
            submit(pool, fault_tasks::recurse, 0)
        }),
        ("recurse_with_buffers", "StackOverflow", "", |pool| {
            submit(pool, fault_tasks::recurse_with_buffers, 0)
        }),
        ("hoard", "MemoryLimitExceeded", "", |pool| {
            submit(pool, fault_tasks::hoard, 1 << 30)
        }),
        ("boom", "Panicked", "\\u{1b}[2J", |pool| {
            submit(pool, fault_tasks::boom, "\u{1b}[2J".to_owned())
        }),
        ("panic_in_a_panic", "Trapped(Unreachable)", "", |pool| {
            submit(pool, unruly::panic_in_a_panic, ())
        }),
        ("panic_in_a_destructor", "Panicked", "dropped", |pool| {
            submit(pool, unruly::panic_in_a_destructor, ())
        }),
        ("panic_at_length", "Panicked", "long long", |pool| {
            submit(pool, unruly::panic_at_length, ())
        }),
        ("panic_without_end", "MemoryLimitExceeded", "", |pool| {
            submit(pool, unruly::panic_without_end, ())
        }),
        ("panic_without_a_word", "DeadlineExceeded", "", |pool| {
            submit(pool, unruly::panic_without_a_word, ())
        }),
        ("fail_without_end", "MemoryLimitExceeded", "", |pool| {
            submit(pool, unruly::fail_without_end, ())
        }),
        (
            "fail_with_endless_causes",
            "MemoryLimitExceeded",
            "",
            |pool| submit(pool, unruly::fail_with_endless_causes, ()),
        ),
        ("collect_without_end", "MemoryLimitExceeded", "", |pool| {
            submit(pool, unruly::collect_without_end, ())
        }),
        ("map_without_end", "MemoryLimitExceeded", "", |pool| {
            submit(pool, unruly::map_without_end, ())
        }),
        ("leak_without_end", "MemoryLimitExceeded", "", |pool| {
            submit(pool, unruly::leak_without_end, ())
        }),
        ("drop_a_long_list", "StackOverflow", "", |pool| {
            submit(pool, unruly::drop_a_long_list, ())
        }),
        (
            "encode_with_a_panic",
            "Panicked",
            "will not be encoded",
            |pool| submit(pool, unruly::encode_with_a_panic, ()),
        ),
        ("encode_without_end", "DeadlineExceeded", "", |pool| {
            submit(pool, unruly::encode_without_end, ())
        }),
    ];
    let case = |(name, kind, says, submit): (&str, &str, &str, Submit)| {
        let is_endless = kind == "DeadlineExceeded";
        // Enough for each, so that another end shows.
        let time = if is_endless {
            Duration::from_millis(3)
        } else {
            Duration::from_secs(60)
        };
        Case {
            name: name.to_owned(),
            wasm: fault_tasks::MODULE.to_vec(),
            limits: Limits::new().memory_bytes(8 << 20).timeout(time),
            end: End::Ends(kind.to_owned()),
            says: Some(says.to_owned()),
            submit,
            is_slow: false,
        }
    };
    cases.map(case).into()
}

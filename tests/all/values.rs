//! Values travel unharmed, typed and by name.

use std::collections::BTreeMap;

use fault_tasks::{self as tasks, Line, Plain, Price};
use sandpool::{Limits, SubmitErrorKind, TaskErrorKind};
use sandpool_tests::{fault_module, pool};

fn lines() -> Vec<Line> {
    let line = |article_name: &str, count, price| Line {
        article_name: article_name.to_owned(),
        count,
        price,
    };
    vec![
        line("cheese", 3, Price::Cents(250)),
        line("Käse 🧀", u32::MAX, Price::Free),
        line(
            "",
            0,
            Price::Staggered {
                count: 2,
                cents: u64::MAX,
            },
        ),
    ]
}

/// Conformance: 21 (processes)
#[test]
fn structs_enums_maps_and_options_come_back_as_they_went() {
    let pool = pool(1, Limits::new());
    let map = BTreeMap::from([
        ("a".to_owned(), vec![Some(0.5), None]),
        (String::new(), vec![]),
    ]);
    let plain = Plain { number: i64::MIN };
    let args = (lines(), map.clone(), plain.clone());
    let result = pool
        .submit(tasks::echo_values, args)
        .unwrap()
        .join()
        .unwrap();
    assert_eq!(result, (lines(), map, plain));
}

#[test]
fn scalars_keep_their_bits() {
    let pool = pool(1, Limits::new());
    for (left, right) in [(i32::MIN, 0), (-1, 1), (i32::MAX, -7)] {
        let sum = pool
            .submit(tasks::add, (left, right))
            .unwrap()
            .join()
            .unwrap();
        assert_eq!(sum, left.wrapping_add(right));
    }
    pool.submit(tasks::nothing, ()).unwrap().join().unwrap();
    let value = pool.submit(tasks::checked, -0.0).unwrap().join().unwrap();
    assert_eq!(value.to_bits(), (-0.0f64).to_bits());
}

#[test]
fn text_and_bytes_of_any_size_come_back_as_they_went() {
    let pool = pool(2, Limits::new());
    for len in [0, 1, 127, 128, 65_536, 1 << 20] {
        let bytes: Vec<u8> = (0..len).map(|i| (i % 251) as u8).collect();
        let handle = pool.submit(tasks::echo_bytes, bytes.clone()).unwrap();
        assert_eq!(handle.join().unwrap(), bytes);
        let by_name = pool.submit_bytes("echo_bytes", bytes.clone()).unwrap();
        assert_eq!(by_name.join().unwrap(), bytes);
        let text = "é".repeat(len);
        let handle = pool.submit(tasks::echo, text.clone()).unwrap();
        assert_eq!(handle.join().unwrap(), text);
    }
}

#[test]
fn lists_of_numbers_come_back_bit_for_bit() {
    let pool = pool(1, Limits::new());
    let args = (
        vec![i8::MIN, 0, i8::MAX],
        vec![u16::MAX, 0x0102],
        vec![i16::MIN, 1],
        vec![u32::MAX, 0x0102_0304],
        vec![i32::MIN, -1],
        vec![u64::MAX, 1],
        vec![i64::MIN, -1],
    );
    let handle = pool.submit(tasks::echo_numbers, args.clone()).unwrap();
    assert_eq!(handle.join().unwrap(), args);
    assert_eq!(pool.call(tasks::echo_numbers, args.clone()).unwrap(), args);
    for count in [1, 255, 256, 300_000] {
        let args = (vec![f32::MAX; count], vec![0, u32::MAX as usize]);
        let handle = pool.submit(tasks::echo_some, args.clone()).unwrap();
        assert_eq!(handle.join().unwrap(), args);
        assert_eq!(pool.call(tasks::echo_some, args.clone()).unwrap(), args);
    }
    for count in [0, 1, 1000, 300_000] {
        let numbers = vec![3_u32; count];
        let sums: Vec<u32> = (1..=count).map(|n| 3 * u32::try_from(n).unwrap()).collect();
        let handle = pool.submit(tasks::running_sums, numbers.clone()).unwrap();
        assert_eq!(handle.join().unwrap(), sums);
        assert_eq!(pool.call(tasks::running_sums, numbers).unwrap(), sums);
    }
    let bits = |numbers: Vec<f64>| numbers.into_iter().map(f64::to_bits).collect::<Vec<_>>();
    let negated = pool.call(tasks::negated, vec![0.0, f64::NAN, f64::INFINITY]);
    let expected = vec![-0.0, -f64::NAN, f64::NEG_INFINITY];
    assert_eq!(bits(negated.unwrap()), bits(expected));
    let error = pool.submit(tasks::negated, vec![]).unwrap().join();
    assert!(matches!(
        error.unwrap_err().kind(),
        TaskErrorKind::Failed(_)
    ));
    let json = pool.submit_json("running_sums", "[1,2,3]").unwrap().join();
    assert_eq!(json.unwrap(), "[1,3,6]");
}

#[test]
fn tasks_take_json_by_name() {
    let pool = pool(1, Limits::new());
    let json = |task, json: &str| pool.submit_json(task, json).unwrap().join();
    assert_eq!(json("add", "[40, 2]").unwrap(), "42");
    assert_eq!(json("nothing", "null").unwrap(), "null");
    assert_eq!(json("echo", r#""a \u0041 \n""#).unwrap(), r#""a A \n""#);
    assert_eq!(json("echo_bytes", "[1,2,255]").unwrap(), "[1,2,255]");
    let value =
        r#"[[{"articleName":"x","count":1,"price":{"Cents":5}}],{"k":[0.5,null]},{"number":-3}]"#;
    assert_eq!(json("echo_values", value).unwrap(), value);
}

#[test]
fn names_of_generated_code_do_not_get_in_the_way() {
    let pool = pool(1, Limits::new());
    let json = r#"[{"fields":1},0,[0,0,1]]"#;
    assert_eq!(
        pool.submit_json("outcome", json).unwrap().join().unwrap(),
        "42"
    );
    assert_eq!(
        pool.submit(tasks::names::scalar, (1, 2))
            .unwrap()
            .join()
            .unwrap(),
        3
    );
    assert_eq!(
        pool.submit(tasks::names::bytes, vec![1])
            .unwrap()
            .join()
            .unwrap(),
        [1]
    );
    assert_eq!(
        pool.submit(tasks::names::error, 3).unwrap().join().unwrap(),
        3
    );
    let text = pool
        .submit(tasks::names::length_of_text, "four".to_owned())
        .unwrap();
    assert_eq!(text.join().unwrap(), 4);
}

/// Conformance: 95 (processes)
#[test]
fn json_that_does_not_fit_is_the_tasks_error_and_says_where() {
    let pool = pool(1, Limits::new());
    let cases = [
        (
            "add",
            "[1, \"x\"]",
            "invalid type: string \"x\", expected i32",
        ),
        ("add", "[1]", "invalid length 1"),
        (
            "add",
            "[1, 4294967296]",
            "invalid value: integer `4294967296`",
        ),
        ("add", "", "EOF while parsing"),
        ("echo", "\"x\" y", "trailing characters"),
    ];
    for (task, json, expected) in cases {
        let error = pool.submit_json(task, json).unwrap().join().unwrap_err();
        let TaskErrorKind::BadArguments(reason) = error.kind() else {
            panic!("{error}");
        };
        assert!(reason.contains(expected), "{json}: {reason}");
    }
    let failed = pool
        .submit_json("fail", "\"x\"")
        .unwrap()
        .join()
        .unwrap_err();
    assert!(
        matches!(failed.kind(), TaskErrorKind::Failed(_)),
        "{failed}"
    );
}

#[test]
fn a_name_that_is_not_there_is_an_error_that_gives_the_arguments_back() {
    let pool = pool(1, Limits::new());
    let error = pool.submit_json("ad", "[1, 2]").unwrap_err();
    let SubmitErrorKind::Task(cause) = error.kind() else {
        panic!("{error}");
    };
    let text = cause.to_string();
    assert!(text.contains("no task `ad`; it has abort, add, "), "{text}");
    assert_eq!(error.into_inner(), "[1, 2]");

    let error = pool.submit_bytes("add", *b"12").unwrap_err();
    let SubmitErrorKind::Task(cause) = error.kind() else {
        panic!("{error}");
    };
    let text = cause.to_string();
    assert!(
        text.contains("`add(left: i32, right: i32) -> i32`"),
        "{text}"
    );
    assert_eq!(error.into_inner(), b"12");
}

#[test]
fn a_module_lists_its_tasks() {
    let module = fault_module();
    let task = |name: &str| {
        let found = module.tasks().iter().find(|task| task.name() == name);
        found.unwrap_or_else(|| panic!("{name}"))
    };
    assert_eq!(task("nothing").to_string(), "nothing()");
    assert_eq!(task("fail").to_string(), "fail(what: String) -> u32");
    assert_eq!(task("fail").doc(), "Returns an error with two causes.");
    let line = "Line { articleName: String, count: u32, price: \
                enum Price { Free, Cents(u64), Staggered { count: u32, cents: u64 } } }";
    assert_eq!(
        task("echo_values").parameters()[0].schema,
        format!("Vec<{line}>")
    );
    assert_eq!(
        task("echo_values").parameters()[1].schema,
        "Map<String, Vec<Option<f32>>>"
    );
    assert_eq!(task("echo_values").parameters()[2].schema, "Plain");
    assert!(
        module
            .tasks()
            .is_sorted_by_key(|task| task.name().to_owned())
    );
}

#[test]
fn modules_are_taken_as_bytes_of_any_kind() {
    let bytes = tasks::MODULE.to_vec();
    let array: &[u8; 8] = b"\0asm\x01\0\0\0";
    assert!(sandpool::ProcessPool::new(array).is_err());
    assert!(sandpool::ProcessPool::new(&bytes).is_ok());
}

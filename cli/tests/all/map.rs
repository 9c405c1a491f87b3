//! `sandpool run --map`.

use std::io::{BufRead, BufReader, Read, Write};
use std::time::Duration;

use crate::command::{
    File, Running, Said, command, faults, reference, sandpool, sandpool_with_input,
};

#[test]
fn results_come_in_the_order_of_the_lines() {
    let module = reference();
    // The first lines take longest.
    let inputs: Vec<u32> = (0..300).rev().map(|n| n * 1000).collect();
    let lines: String = inputs.iter().map(|n| format!("{n}\n")).collect();
    let results = sandpool([
        "run",
        module.path(),
        "heavy_compute",
        "--map",
        File::new(lines).path(),
    ])
    .ok();
    let expected = inputs
        .iter()
        .map(|n| guest_tasks::heavy_compute(u64::from(*n)));
    let results: Vec<f64> = results
        .lines()
        .map(|line| line.parse().expect("every line is a number"))
        .collect();
    assert_eq!(results.len(), 300);
    for (result, expected) in results.into_iter().zip(expected) {
        assert!(
            (result - expected).abs() <= expected * 1e-12,
            "{result} {expected}"
        );
    }
}

#[test]
fn a_bad_line_is_named_and_the_others_go_on() {
    let module = faults();
    let lines = "[1, 2]\n\n[3, 4\n[5, 6]\n[7, \"x\"]\n   \n[8, 9]";
    let said = sandpool_with_input(["run", module.path(), "add", "--map", "-"], lines);
    assert_eq!(said.code, Some(1));
    assert_eq!(said.stdout, "3\n11\n17\n");
    let complaints: Vec<&str> = said.stderr.lines().collect();
    let [broken, wrong, sum] = complaints[..] else {
        panic!("{said:?}");
    };
    assert!(
        broken.starts_with("line 3: error: not JSON: EOF while parsing a list"),
        "{broken}"
    );
    assert!(
        wrong.starts_with("line 5: error: task `add` was given bad arguments: "),
        "{wrong}"
    );
    assert_eq!(sum, "error: 2 of 5 lines failed");
}

#[test]
fn a_failed_line_is_one_line_whatever_the_message_holds() {
    let module = faults();
    let lines = "\"one\"\n\"\\u001b[2J\\nline 9: error: forged\"\n";
    let said = sandpool_with_input(["run", module.path(), "boom", "--map", "-"], lines);
    assert_eq!((said.code, said.stdout.as_str()), (Some(1), ""));
    let complaints: Vec<&str> = said.stderr.lines().collect();
    assert_eq!(complaints.len(), 3, "{said:?}");
    assert!(complaints[0].starts_with("line 1: error: task `boom` panicked at "));
    assert!(
        complaints[1].ends_with(": \\u{1b}[2J\\u{a}    line 9: error: forged"),
        "{said:?}"
    );
}

#[test]
fn the_limits_hold_for_every_line() {
    let module = faults();
    let lines = "1000\n100000000\n2000\n";
    let args = [
        "run",
        module.path(),
        "hoard",
        "--memory",
        "16M",
        "--map",
        "-",
    ];
    let said = sandpool_with_input(args, lines);
    assert_eq!((said.code, said.stdout.as_str()), (Some(1), "1\n1\n"));
    assert!(
        said.stderr
            .starts_with("line 2: error: task `hoard` wanted "),
        "{said:?}"
    );
}

#[test]
fn an_empty_input_has_no_results() {
    let module = faults();
    let args = ["run", module.path(), "add", "--map", "-"];
    assert_eq!(sandpool_with_input(args, "").ok(), "");
    assert_eq!(sandpool_with_input(args, "\n \n").ok(), "");
}

#[test]
fn an_unknown_task_and_a_missing_file_are_said_before_any_line_is_read() {
    let module = faults();
    let said = sandpool_with_input(["run", module.path(), "ad", "--map", "-"], "").failed();
    assert!(
        said.contains("the module has no task `ad`; it has "),
        "{said}"
    );
    let said = sandpool(["run", module.path(), "add", "--map", "no-such.jsonl"]).failed();
    assert!(
        said.starts_with("error: no-such.jsonl: the file cannot be read\n"),
        "{said}"
    );
}

#[test]
fn a_result_is_written_as_soon_as_its_turn_comes_while_the_input_is_open() {
    let module = faults();
    let mut child = Running::start(command(["run", module.path(), "add", "--map", "-"]));
    let mut input = child.stdin.take().expect("it was asked for");
    let mut results = BufReader::new(child.stdout.take().expect("it was asked for")).lines();
    // Each line is written only after the result of the one before has come.
    for n in 0..3 {
        writeln!(input, "[{n}, 1]").expect("the command reads");
        let result = results.next().expect("there is a result");
        assert_eq!(result.expect("it is text"), (n + 1).to_string());
    }
    drop(input);
    assert!(child.wait().expect("the command ends").success());
}

#[test]
fn the_input_is_not_read_further_than_there_is_room_for_it() {
    let module = faults();
    let mut child = Running::start(command([
        "run",
        module.path(),
        "spin",
        "--workers",
        "1",
        "--map",
        "-",
    ]));
    let mut input = child.stdin.take().expect("it was asked for");
    const FEWEST: usize = 60;
    // Much more than fits into the window, the buffers and the pipe: the writer has to wait.
    let (sent, written) = std::sync::mpsc::channel();
    let writer = std::thread::spawn(move || {
        let line = "null".to_owned() + &" ".repeat(65_530) + "\n";
        for _ in 0..1000 {
            if input.write_all(line.as_bytes()).is_err() || sent.send(()).is_err() {
                return;
            }
        }
    });
    for _ in 0..FEWEST {
        written.recv().expect("there is room for these");
    }
    let more = || written.recv_timeout(Duration::from_secs(1)).ok();
    let more = std::iter::from_fn(more).count();
    assert!(more < 100, "{more} more lines of 64 KiB were taken");
    drop(child);
    writer.join().expect("writing does not panic");
}

/// A device that is always full.
#[cfg(target_os = "linux")]
#[test]
fn results_that_cannot_be_written_are_an_error() {
    let full = || std::fs::OpenOptions::new().write(true).open("/dev/full");
    let module = faults();
    let lines = File::new("[1, 2]\n[3, 4]\n");
    for args in [
        &["inspect", module.path()][..],
        &["run", module.path(), "add", "--map", lines.path()],
    ] {
        let output = command(args)
            .stdout(full().expect("there is such a device"))
            .output();
        let said = Said::from(output.expect("the command can be started"));
        let complaint = said.failed();
        assert!(
            complaint.contains(" cannot be written\n  caused by: "),
            "{complaint}"
        );
    }
}

#[test]
fn a_reader_that_has_had_enough_ends_the_command_without_a_word() {
    let module = faults();
    let mut child = Running::start(command(["run", module.path(), "add", "--map", "-"]));
    let mut input = child.stdin.take().expect("it was asked for");
    writeln!(input, "[1, 2]").expect("the command reads");
    let mut results = BufReader::new(child.stdout.take().expect("it was asked for"));
    let mut first = String::new();
    results.read_line(&mut first).expect("there is a result");
    assert_eq!(first, "3\n");
    drop(results);
    writeln!(input, "[3, 4]").expect("the command reads");
    // The input stays open: it is the output that ends the command.
    let status = child.wait().expect("the command ends");
    let mut said = String::new();
    let mut stderr = child.stderr.take().expect("it was asked for");
    stderr.read_to_string(&mut said).expect("it is text");
    assert_eq!((status.code(), said.as_str()), (Some(0), ""));
    drop(input);
}

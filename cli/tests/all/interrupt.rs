//! Ctrl-C ends the command at once, whatever its tasks do.

use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Child, Command};
use std::thread;

use crate::command::{File, Running, command, faults, reference};

/// What a shell expects of a command that Ctrl-C has ended.
const INTERRUPTED: Option<i32> = Some(130);

fn interrupt(child: &Child) {
    let status = Command::new("kill")
        .args(["-INT", &child.id().to_string()])
        .status();
    assert!(status.expect("there is a `kill`").success());
}

fn rest(stream: Option<impl Read>) -> String {
    let mut text = String::new();
    let mut stream = stream.expect("it was asked for");
    stream.read_to_string(&mut text).expect("it is text");
    text
}

#[test]
fn results_that_are_there_are_written_and_endless_calls_given_up() {
    // The second call does not end in anybody's lifetime.
    let lines = File::new("2\n\n18446744073709551615\n3\n");
    let module = reference();
    let args = [
        "run",
        module.path(),
        "heavy_compute",
        "--workers",
        "1",
        "--map",
        lines.path(),
    ];
    let mut child = Running::start(command(args));
    let mut results = BufReader::new(child.stdout.take().expect("it was asked for"));
    let mut first = String::new();
    results.read_line(&mut first).expect("there is a result");
    assert_eq!(first, "1.0\n");
    interrupt(&child);
    assert_eq!(child.wait().expect("the command ends").code(), INTERRUPTED);
    assert_eq!(rest(Some(results)), "");
    // How much of the rest was read by then is not known.
    let said = rest(child.stderr.take());
    let expected = "interrupted: 1 line was done; not done: ";
    assert!(said.starts_with(expected), "{said}");
}

#[test]
fn waiting_for_input_does_not_hold_it_up() {
    let module = faults();
    let mut child = Running::start(command(["run", module.path(), "add", "--map", "-"]));
    let mut input = child.stdin.take().expect("it was asked for");
    writeln!(input, "oops\n[1, 2]").expect("the command reads");
    let mut results = BufReader::new(child.stdout.take().expect("it was asked for"));
    let mut first = String::new();
    results.read_line(&mut first).expect("there is a result");
    assert_eq!(first, "3\n");
    interrupt(&child);
    assert_eq!(child.wait().expect("the command ends").code(), INTERRUPTED);
    let said = rest(child.stderr.take());
    let (_, end) = said.split_once('\n').expect("line 1 is not JSON");
    assert_eq!(
        end,
        "interrupted: 2 lines were done, 1 of them failed; not done: the rest\n"
    );
    drop(input);
}

/// The kernel tells the names of a process's threads; a worker is started when there is a call.
#[cfg(target_os = "linux")]
#[test]
fn a_single_endless_call_is_given_up() {
    let module = faults();
    let mut child = Running::start(command(["run", module.path(), "spin"]));
    let threads = format!("/proc/{}/task", child.id());
    let has_worker = || {
        let threads = std::fs::read_dir(&threads).expect("the command runs");
        threads.flatten().any(|thread| {
            let name = std::fs::read_to_string(thread.path().join("comm"));
            name.is_ok_and(|name| name.starts_with("processes-0_0"))
        })
    };
    while !has_worker() {
        assert!(child.try_wait().expect("it is ours").is_none(), "it ended");
        thread::yield_now();
    }
    interrupt(&child);
    assert_eq!(child.wait().expect("the command ends").code(), INTERRUPTED);
    assert_eq!(rest(child.stdout.take()), "");
    assert_eq!(
        rest(child.stderr.take()),
        "interrupted: the call was not finished\n"
    );
}

#[test]
fn a_second_one_ends_even_a_command_whose_results_nobody_takes() {
    let module = faults();
    // More than a pipe holds.
    let text = format!("\"{}\"\n", "x".repeat(1 << 20));
    let lines = File::new(text);
    let mut child = Running::start(command([
        "run",
        module.path(),
        "echo",
        "--map",
        lines.path(),
    ]));
    let mut results = child.stdout.take().expect("it was asked for");
    let mut first = [0];
    results.read_exact(&mut first).expect("there is a result");
    // Two that come at once count as one.
    let status = loop {
        interrupt(&child);
        if let Some(status) = child.try_wait().expect("it is ours") {
            break status;
        }
        thread::yield_now();
    };
    assert_eq!(status.code(), INTERRUPTED);
}

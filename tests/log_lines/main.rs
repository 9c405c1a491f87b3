//! What guests log, as `tracing` is told. A test binary of its own: whoever listens is told of the tasks of all
//! threads of a process.

use std::fmt::{self, Write};
use std::sync::{Arc, LazyLock, Mutex};

use sandpool::{Grants, Limits, ProcessPool, Randomness, TaskModule, Wasi};
use tracing::field::{Field, Visit};
use tracing::{Event, Level};
use tracing_subscriber::layer::{Context, Layer, SubscriberExt};
use tracing_subscriber::registry::LookupSpan;

/// A line: its level, and `task: text`.
type Line = (Level, String);

/// Keeps the lines of guests.
#[derive(Clone, Default)]
struct Listener(Arc<Mutex<Vec<Line>>>);

#[derive(Default)]
struct Text {
    message: String,
    task: String,
}

impl Visit for Text {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        match field.name() {
            "message" => write!(self.message, "{value:?}").unwrap(),
            "task" => write!(self.task, "{value:?}").unwrap(),
            other => panic!("there is a field {other}"),
        }
    }
}

impl<S> Layer<S> for Listener
where
    S: tracing::Subscriber + for<'a> LookupSpan<'a>,
{
    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        if event.metadata().target() != "sandpool::guest" {
            return;
        }
        // The engine's WASI has spans of its own, inside.
        let mut spans = context.event_scope(event).expect("a task is a span");
        assert!(spans.any(|span| span.name() == "task"));
        let mut text = Text::default();
        event.record(&mut text);
        let line = format!("{}: {}", text.task, text.message);
        self.0
            .lock()
            .unwrap()
            .push((*event.metadata().level(), line));
    }
}

/// Returns the lines that are logged until `run` has returned. One test at a time.
fn lines_of(run: impl FnOnce()) -> Vec<Line> {
    static LISTENER: LazyLock<Listener> = LazyLock::new(|| {
        let listener = Listener::default();
        let subscriber = tracing_subscriber::registry().with(listener.clone());
        tracing::subscriber::set_global_default(subscriber).unwrap();
        listener
    });
    static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
    let _one = ONE_AT_A_TIME.lock();
    LISTENER.0.lock().unwrap().clear();
    run();
    std::mem::take(&mut *LISTENER.0.lock().unwrap())
}

fn pool() -> ProcessPool {
    let grants = Grants::new()
        .clock()
        .randomness(Randomness::Seeded(0))
        .log()
        .function("price", |_: String| Some(1_u64))
        .function("tick", |(): ()| 1_u64)
        .function("join", |(): ()| ())
        .function("note", |_: (String, u32)| ())
        .function("blob", |_: u64| ());
    let builder = TaskModule::builder(grant_tasks::MODULE).grants(grants);
    ProcessPool::builder(builder.load().unwrap())
        .workers(1)
        .build()
        .unwrap()
}

#[test]
fn a_line_has_the_guests_level_and_the_tasks_name() {
    let pool = pool();
    let lines = lines_of(|| {
        let task = pool.submit(grant_tasks::log_levels, "text".to_owned());
        task.unwrap().join().unwrap();
    });
    let line = |level, number| (level, format!("log_levels: text {number}"));
    assert_eq!(
        lines,
        [
            line(Level::ERROR, 1),
            line(Level::WARN, 2),
            line(Level::INFO, 3),
            line(Level::DEBUG, 4),
            line(Level::TRACE, 5),
        ]
    );
}

#[test]
fn a_line_is_harmless_and_of_bounded_length() {
    let pool = pool();
    let log = |text: String| {
        let lines = lines_of(|| {
            let task = pool.submit(grant_tasks::log_often, (text, 1));
            task.unwrap().join().unwrap();
        });
        let [(Level::INFO, line)] = &lines[..] else {
            panic!("{lines:?}");
        };
        line.strip_prefix("log_often: ").unwrap().to_owned()
    };
    assert_eq!(
        log("a\u{1b}[2J\u{202e}b\nc".to_owned()),
        "a\\u{1b}[2J\\u{202e}b\n    c"
    );
    assert_eq!(log(String::new()), "");
    let long = log("x".repeat(10_000));
    assert_eq!(long, "x".repeat(8192) + "... (1808 bytes cut off)");
}

#[test]
fn beyond_the_limit_lines_are_dropped_and_the_last_one_says_so() {
    let pool = pool();
    let logged = |text: &str, times, limit| {
        lines_of(|| {
            let limited = pool.with(Limits::new().log_bytes(limit));
            let task = limited.submit(grant_tasks::log_often, (text.to_owned(), times));
            task.unwrap().join().unwrap();
        })
    };
    // Four bytes a line, with its end.
    let lines = logged("abc", 100, 42);
    assert_eq!(lines.len(), 11);
    assert!(lines[..10].iter().all(|(_, line)| line == "log_often: abc"));
    let last = "log_often: the rest is dropped: the task may log 42 bytes";
    assert_eq!(lines[10], (Level::WARN, last.to_owned()));
    assert_eq!(logged("abc", 10, 40).len(), 10);
    assert_eq!(logged("", 10, 5).len(), 6);
    assert_eq!(logged("abc", 10, 0).len(), 1);
    // The default: 64 KiB.
    assert_eq!(logged(&"x".repeat(1023), 100, 64 << 10).len(), 65);
}

#[test]
fn what_goes_to_stdout_and_stderr_is_logged_in_lines() {
    let load = |wasm: &[u8]| {
        let grants = Grants::new().clock().log().wasi(Wasi::new());
        let module = TaskModule::builder(wasm).grants(grants).load().unwrap();
        ProcessPool::builder(module).workers(1).build().unwrap()
    };
    let pool = load(wasi_tasks::MODULE);
    let lines = lines_of(|| {
        let task = pool.submit(wasi_tasks::print, "a\u{7}".to_owned());
        task.unwrap().join().unwrap();
    });
    assert_eq!(
        lines,
        [
            (Level::INFO, "print: a\\u{7} 1".to_owned()),
            (Level::WARN, "print: a\\u{7} 2".to_owned()),
            (Level::INFO, "print: a\\u{7} 3".to_owned()),
        ]
    );
    // The stdout of a program is its result.
    let pool = load(wasi_tasks::PROGRAM);
    let lines = lines_of(|| {
        let stdout = pool.submit_bytes("_start", "echo text").unwrap().join();
        assert_eq!(stdout.unwrap(), b"text");
        let failed = pool.submit_bytes("_start", "fail one\ntwo").unwrap().join();
        assert!(failed.is_err());
    });
    assert_eq!(
        lines,
        [
            (Level::WARN, "_start: one".to_owned()),
            (Level::WARN, "_start: two".to_owned()),
        ]
    );
}

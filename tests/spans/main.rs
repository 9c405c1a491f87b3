//! What `tracing` is told of tasks. A test binary of its own: whoever listens is told of the tasks of all
//! threads of a process.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, LazyLock, Mutex, Weak};

use fault_tasks as tasks;
use sandpool::{Limits, MapOptions, ThreadPool};
use sandpool_tests::pool;
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing_subscriber::layer::{Context, Layer, SubscriberExt};
use tracing_subscriber::registry::LookupSpan;

type Fields = BTreeMap<&'static str, String>;

/// Keeps the fields of every span that is closed.
#[derive(Clone, Default)]
struct Closed(Arc<Mutex<Vec<Fields>>>);

struct Visitor<'a>(&'a mut Fields);

impl Visit for Visitor<'_> {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.0.insert(field.name(), format!("{value:?}"));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.0.insert(field.name(), value.to_owned());
    }
}

impl<S> Layer<S> for Closed
where
    S: tracing::Subscriber + for<'a> LookupSpan<'a>,
{
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        let mut fields = Fields::new();
        attributes.record(&mut Visitor(&mut fields));
        let span = context.span(id).unwrap();
        if let Some(parent) = span.parent() {
            fields.insert("parent", parent.name().to_owned());
        }
        span.extensions_mut().insert(fields);
    }

    fn on_record(&self, id: &Id, values: &Record<'_>, context: Context<'_, S>) {
        let span = context.span(id).unwrap();
        let mut extensions = span.extensions_mut();
        values.record(&mut Visitor(extensions.get_mut().unwrap()));
    }

    fn on_close(&self, id: Id, context: Context<'_, S>) {
        let span = context.span(&id).unwrap();
        let fields = span.extensions_mut().remove().unwrap();
        self.0.lock().unwrap().push(fields);
    }
}

/// What is closed, whatever thread it was on.
static CLOSED: LazyLock<Closed> = LazyLock::new(|| {
    let closed = Closed::default();
    let subscriber = tracing_subscriber::registry()
        .with(closed.clone())
        .with(Meddler);
    tracing::subscriber::set_global_default(subscriber).unwrap();
    closed
});

/// Returns the spans that are closed when `run` has returned, without the identity that they have.
/// One test at a time.
fn spans_of(run: impl FnOnce()) -> Vec<Fields> {
    static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
    let _one = ONE_AT_A_TIME.lock();
    CLOSED.0.lock().unwrap().clear();
    run();
    let mut spans = std::mem::take(&mut *CLOSED.0.lock().unwrap());
    for span in &mut spans {
        let id: u64 = span.remove("id").unwrap().parse().unwrap();
        assert!(id > 0);
    }
    spans
}

fn fields(of: &[(&'static str, &str)]) -> Fields {
    of.iter()
        .map(|(name, value)| (*name, (*value).to_owned()))
        .collect()
}

#[test]
fn every_task_has_a_span_with_name_worker_and_outcome() {
    let spans = spans_of(|| {
        let processes = sandpool::ProcessPool::builder(sandpool_tests::fault_module())
            .workers(1)
            .name("p")
            .build()
            .unwrap();
        processes
            .submit(tasks::add, (1, 2))
            .unwrap()
            .join()
            .unwrap();
        assert!(
            processes
                .submit(tasks::fail, "x".to_owned())
                .unwrap()
                .join()
                .is_err()
        );
        assert!(
            processes
                .submit(tasks::boom, "x".to_owned())
                .unwrap()
                .join()
                .is_err()
        );
        assert!(
            processes
                .submit(tasks::wild_read, ())
                .unwrap()
                .join()
                .is_err()
        );
        drop(processes);
    });
    let span = |name, outcome| {
        let fixed = [("tasks", "1"), ("worker", "p_0")];
        fields(&[fixed[0], fixed[1], ("name", name), ("outcome", outcome)])
    };
    let expected = [
        span("add", "value"),
        span("fail", "failed"),
        span("boom", "panicked"),
        span("wild_read", "trapped"),
    ];
    assert_eq!(spans, expected);
}

#[test]
fn a_task_that_is_cancelled_before_it_runs_has_a_span_without_a_worker() {
    let spans = spans_of(|| {
        let pool = pool(1, Limits::new());
        let running = pool.submit(tasks::spin, ()).unwrap();
        while !running.is_running() {
            std::thread::yield_now();
        }
        let waiting = pool.submit(tasks::spin, ()).unwrap();
        assert!(waiting.cancel());
        assert!(waiting.join().unwrap_err().is_cancelled());
        assert!(running.cancel());
        drop(pool);
    });
    let expected = fields(&[("name", "spin"), ("tasks", "1"), ("outcome", "cancelled")]);
    assert_eq!(spans[0], expected);
    assert_eq!(spans[1]["outcome"], "cancelled");
    assert!(spans[1].contains_key("worker"));
}

#[test]
fn a_span_belongs_to_the_one_in_which_the_task_was_submitted() {
    let spans = spans_of(|| {
        let pool = ThreadPool::builder().workers(1).name("t").build().unwrap();
        let handle = tracing::info_span!("request", id = 7).in_scope(|| pool.submit(|| 42));
        assert_eq!(handle.unwrap().join().unwrap(), 42);
        let options = MapOptions::new().chunk(3);
        assert_eq!(pool.map_with(|n| n, 0..3, options).unwrap().count(), 3);
        drop(pool);
    });
    let of_task = &spans[0];
    assert_eq!(of_task["parent"], "request");
    assert_eq!(
        (&*of_task["worker"], &*of_task["outcome"]),
        ("t_0", "value")
    );
    let of_chunk = spans.last().unwrap();
    assert_eq!((&*of_chunk["tasks"], &*of_chunk["outcome"]), ("3", "value"));
}

/// The pool that [`Meddler`] meddles with.
static MEDDLED: Mutex<Weak<ThreadPool>> = Mutex::new(Weak::new());

/// Looks at a pool, and submits to it, when a span is made.
struct Meddler;

impl<S: tracing::Subscriber> Layer<S> for Meddler {
    fn on_new_span(&self, attributes: &Attributes<'_>, _: &Id, _: Context<'_, S>) {
        // Once: what it submits has a span, too.
        let pool = std::mem::take(&mut *MEDDLED.lock().unwrap());
        if let Some(pool) = pool.upgrade()
            && attributes.metadata().name() == "task"
            && !format!("{pool:?}").is_empty()
        {
            drop(pool.submit(|| 43));
        }
    }
}

#[test]
fn who_is_told_of_a_task_may_use_its_pool() {
    let spans = spans_of(|| {
        let pool = Arc::new(ThreadPool::new(1).unwrap());
        *MEDDLED.lock().unwrap() = Arc::downgrade(&pool);
        let handle = pool.submit(|| 42);
        assert_eq!(handle.unwrap().join().unwrap(), 42);
        pool.shutdown(sandpool::Shutdown::Finish);
        assert_eq!(pool.stats().succeeded, 2);
    });
    assert_eq!(spans.len(), 2);
}

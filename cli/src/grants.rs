//! What `--grant` gives to a module.

use std::fmt::{self, Write};

use anyhow::Context;
use clap::ValueEnum;
use sandpool::{Grants, Randomness};
use tracing::field::{Field, Visit};
use tracing::{Event, Subscriber};
use tracing_subscriber::layer::{self, Layer, SubscriberExt};

use crate::failure;

/// Something that a module can import.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Grant {
    /// The time since the sandbox was made
    Clock,
    /// Random bytes from the operating system
    Random,
    /// Lines of the module's on stderr
    Log,
}

/// Whether `--grant` has something of this name.
pub(crate) fn is_grant(name: &str) -> bool {
    Grant::from_str(name, false).is_ok()
}

/// Returns the grants. Has lines of guests appear on stderr if that is one of them.
pub(crate) fn grants(chosen: &[Grant]) -> anyhow::Result<Grants> {
    let mut grants = Grants::new();
    for grant in chosen {
        grants = match grant {
            Grant::Clock => grants.clock(),
            Grant::Random => grants.randomness(Randomness::System),
            Grant::Log => grants.log(),
        };
    }
    if chosen.contains(&Grant::Log) {
        let lines = tracing_subscriber::registry().with(Lines);
        tracing::subscriber::set_global_default(lines).context("lines cannot be shown")?;
    }
    Ok(grants)
}

/// Writes the lines of guests to stderr: the level, the task, the text.
struct Lines;

impl<S: Subscriber> Layer<S> for Lines {
    fn on_event(&self, event: &Event<'_>, _: layer::Context<'_, S>) {
        let metadata = event.metadata();
        if metadata.target() == "sandpool::guest" {
            let mut line = Line::default();
            event.record(&mut line);
            // The library has escaped both.
            failure::say(&format!(
                "{} {}: {}",
                metadata.level(),
                line.task,
                line.text
            ));
        }
    }
}

#[derive(Default)]
struct Line {
    task: String,
    text: String,
}

impl Visit for Line {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        let part = match field.name() {
            "message" => &mut self.text,
            "task" => &mut self.task,
            _ => return,
        };
        _ = write!(part, "{value:?}");
    }
}

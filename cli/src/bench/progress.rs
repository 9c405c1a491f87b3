//! A bar on stderr that tells how far the run is. Where stderr is no terminal, nothing is shown.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};
use sandpool_bench::Step;

pub(super) struct Bar(ProgressBar);

impl Bar {
    pub(super) fn new() -> Self {
        const TICK: Duration = Duration::from_millis(500);
        let style =
            ProgressStyle::with_template("{prefix:<18} {wide_bar} {pos}/{len} {msg:<24} {elapsed}");
        let bar = ProgressBar::no_length();
        bar.set_style(style.expect("the template is right"));
        bar.enable_steady_tick(TICK);
        Self(bar)
    }

    pub(super) fn show(&self, step: Step<'_>) {
        self.0.set_prefix(step.section);
        self.0.set_length(step.of as u64);
        self.0.set_position(step.done as u64);
        self.0.set_message(step.what.to_owned());
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}

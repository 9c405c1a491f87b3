//! Bars: how many times as long as natively each kernel takes in a sandbox.

use super::svg::{Chart, Datum, Logarithmic, WIDTH};
use crate::record::Kernels;
use crate::statistics::{Summary, geometric_mean};
use crate::units;

/// Where the bars begin, and where their figures begin.
const BARS: [f64; 2] = [128.0, 318.0];
const TOP: f64 = 54.0;
const ROW: f64 = 19.0;

pub(super) fn chart(kernels: &Kernels) -> Option<Chart> {
    let runs = kernels.runs.iter();
    let bars: Vec<(&str, Summary)> = runs
        .filter_map(|run| Some((&*run.kernel, Summary::of(&run.ratios())?)))
        .collect();
    let mean = geometric_mean(
        &bars
            .iter()
            .map(|(_, summary)| summary.median)
            .collect::<Vec<_>>(),
    )?;
    let values = bars
        .iter()
        .flat_map(|(_, summary)| [summary.min, summary.max]);
    let scale = Logarithmic::over(values.chain([1.0]), 2.0, BARS)?;
    let rows = bars.len() + usize::from(bars.len() > 1);
    let bottom = TOP + ROW * rows as f64;
    let mut chart = Chart::new(
        "Time in a sandbox / native",
        "A bar for each kernel: the median of the ratios of all rounds, with the smallest and the largest. 1 is native.",
        bottom + 6.0,
    );
    chart.text(
        0.0,
        30.0,
        "faint",
        "left of 1 the sandbox is faster; lines: min to max",
    );
    for tick in scale.ticks(2.0) {
        let x = scale.at(tick);
        let is_one = (tick - 1.0).abs() < 1e-9;
        chart.line(
            if is_one { "one" } else { "grid" },
            [x, TOP],
            [x, bottom - 4.0],
        );
        chart.text(x, TOP - 4.0, "faint middle", &tick_label(tick));
    }
    for (row, (kernel, summary)) in bars.iter().enumerate() {
        let y = TOP + ROW * row as f64 + 2.0;
        bar(&mut chart, &scale, y, kernel, summary.median, "f1");
        let [min, max] = [summary.min, summary.max].map(|value| scale.at(value));
        chart.line("whisker", [min, y + 6.5], [max, y + 6.5]);
    }
    if bars.len() > 1 {
        let y = TOP + ROW * bars.len() as f64 + 2.0;
        bar(&mut chart, &scale, y, "geometric mean", mean, "f2");
    }
    Some(chart)
}

fn bar(chart: &mut Chart, scale: &Logarithmic, y: f64, name: &str, value: f64, class: &str) {
    let datum = Datum {
        series: "ratio",
        name,
        value,
    };
    chart.text(BARS[0] - 6.0, y + 10.5, "end", &shortened(name));
    chart.bar(class, [scale.at(1.0), scale.at(value)], y, 13.0, &datum);
    chart.text(WIDTH, y + 10.5, "end", &units::ratio(value));
}

/// Names of kernels are short; those that are not lose their end.
fn shortened(name: &str) -> String {
    const MOST: usize = 18;
    if name.chars().count() <= MOST {
        return name.to_owned();
    }
    let mut short: String = name.chars().take(MOST - 1).collect();
    short.push('…');
    short
}

fn tick_label(tick: f64) -> String {
    if tick >= 1.0 {
        format!("{tick:.0}")
    } else {
        format!("1/{:.0}", 1.0 / tick)
    }
}

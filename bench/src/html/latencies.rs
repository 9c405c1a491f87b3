//! The latencies of the user's task: what share of the calls took no longer than that.

use super::ladder::decade;
use super::svg::{Chart, Datum, Logarithmic, WIDTH};
use crate::record::OwnTask;

const LEFT: f64 = 64.0;
const TOP: f64 = 40.0;
const HEIGHT: f64 = 260.0;
const LEGEND: f64 = 18.0;
const MARKED: [usize; 3] = [50, 90, 99];
/// Lines are told apart by their dashes, too.
const DASHES: [&str; 3] = ["", "dashed", "dotted"];

pub(super) fn chart(task: &OwnTask) -> Option<Chart> {
    let bottom = TOP + HEIGHT;
    let values = task
        .series
        .iter()
        .flat_map(|series| series.percentiles.iter().copied());
    let scale = Logarithmic::over_round(values, [bottom, TOP])?;
    let x = |percent: usize| LEFT + percent as f64 / 100.0 * (WIDTH - LEFT - 12.0);
    let mut chart = Chart::new(
        "Latency by percentile",
        "The time from submitting a call to its result, over the share of calls that took no longer: a line for each isolation and number of workers.",
        bottom + 44.0 + LEGEND * task.series.len() as f64,
    );
    for tick in scale.round_ticks() {
        let y = scale.at(tick);
        chart.line("grid", [LEFT, y], [WIDTH - 12.0, y]);
        chart.text(LEFT - 6.0, y + 4.0, "faint end", &decade(tick));
    }
    for percent in [0, 25, 50, 75, 90, 100] {
        chart.line("grid", [x(percent), TOP], [x(percent), bottom]);
        let class = if percent == 100 {
            "faint end"
        } else {
            "faint middle"
        };
        let at = if percent == 100 {
            x(percent) + 12.0
        } else {
            x(percent)
        };
        chart.text(at, bottom + 16.0, class, &percent.to_string());
    }
    chart.text(
        (LEFT + WIDTH) / 2.0,
        bottom + 30.0,
        "faint middle",
        "percent of the calls",
    );
    for (kind, series) in task.series.iter().enumerate() {
        let title = series.title();
        let points = series
            .percentiles
            .iter()
            .enumerate()
            .map(|(percent, &value)| [x(percent), scale.at(value)]);
        let dashes = DASHES[kind / 2 % DASHES.len()];
        chart.path(
            &format!("bold s{} {dashes}", kind % 9 + 1),
            &points.collect::<Vec<_>>(),
        );
        for percent in MARKED {
            let Some(&value) = series.percentiles.get(percent) else {
                continue;
            };
            let datum = Datum {
                series: &title,
                name: &format!("p{percent}"),
                value,
            };
            chart.mark(kind, [x(percent), scale.at(value)], Some(&datum));
        }
        let y = bottom + 46.0 + LEGEND * kind as f64;
        chart.mark(kind, [LEFT, y], None);
        chart.text(LEFT + 10.0, y + 4.0, "", &title);
    }
    Some(chart)
}

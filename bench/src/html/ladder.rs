//! The ladder: what isolation costs in time, from nanoseconds to seconds, a rung for each measure.

use super::svg::{Chart, Datum, Logarithmic, WIDTH};
use crate::record::{Isolation, Measure, Peer};
use crate::statistics::Summary;
use crate::units;

const LEFT: f64 = 8.0;
/// Room for half of the label of the first and of the last line.
const HALF_LABEL: f64 = 22.0;
const TOP: f64 = 44.0;
const RUNG: f64 = 46.0;
const LEGEND: f64 = 18.0;

pub(super) fn chart(isolation: &Isolation) -> Option<Chart> {
    let present: Vec<&Peer> = isolation
        .peers
        .iter()
        .filter(|peer| peer.missing.is_none())
        .collect();
    let rungs: Vec<Measure> = Measure::ALL
        .into_iter()
        .filter(|measure| {
            measure.is_time() && present.iter().any(|peer| median(peer, *measure).is_some())
        })
        .collect();
    let values = present
        .iter()
        .flat_map(|peer| rungs.iter().filter_map(|&measure| median(peer, measure)));
    let scale = Logarithmic::over(values, 10.0, [HALF_LABEL, WIDTH - HALF_LABEL])?;
    let bottom = TOP + RUNG * rungs.len() as f64;
    let rows = present.len().div_ceil(2);
    let mut chart = Chart::new(
        "Time, by powers of ten",
        "A row for each measure, a mark for each way to run a task: the median. Further left is faster.",
        bottom + 12.0 + LEGEND * rows as f64,
    );
    for tick in scale.ticks(10.0) {
        let x = scale.at(tick);
        chart.line("grid", [x, TOP - 8.0], [x, bottom]);
        chart.text(x, TOP - 14.0, "faint middle", &decade(tick));
    }
    for (rung, &measure) in rungs.iter().enumerate() {
        let y = TOP + RUNG * rung as f64;
        chart.text(LEFT, y + 12.0, "", measure.title());
        for (kind, peer) in present.iter().enumerate() {
            let Some(value) = median(peer, measure) else {
                continue;
            };
            let datum = Datum {
                series: &peer.name,
                name: measure.key(),
                value,
            };
            // Every other one lower: marks close to each other can still be told apart.
            let y = y + if kind % 2 == 0 { 22.0 } else { 33.0 };
            chart.mark(kind, [scale.at(value), y], Some(&datum));
        }
    }
    for (kind, peer) in present.iter().enumerate() {
        let x = LEFT + if kind < rows { 0.0 } else { WIDTH / 2.0 };
        let y = bottom + 18.0 + LEGEND * (kind % rows) as f64;
        chart.mark(kind, [x, y], None);
        chart.text(x + 10.0, y + 4.0, "", &peer.name);
    }
    Some(chart)
}

fn median(peer: &Peer, measure: Measure) -> Option<f64> {
    let figure = peer.figure(measure)?;
    Some(Summary::of(&figure.values)?.median)
}

/// `1 µs`, `10 ms`: without decimal places.
pub(super) fn decade(seconds: f64) -> String {
    units::time(seconds).replace(".00", "").replace(".0", "")
}

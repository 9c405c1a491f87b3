//! Lines: how much more is done by more workers.

use super::svg::{Chart, Datum, WIDTH};
use crate::record::{Kernels, Place};
use crate::statistics::geometric_mean;

const LEFT: f64 = 34.0;
const TOP: f64 = 40.0;
const HEIGHT: f64 = 220.0;

pub(super) fn chart(kernels: &Kernels) -> Option<Chart> {
    let most = *kernels.workers.last()?;
    if kernels.workers.len() < 2 {
        return None;
    }
    let bottom = TOP + HEIGHT;
    let scalings = |place, workers| {
        let scalings = kernels
            .runs
            .iter()
            .filter_map(move |run| run.scaling(place, workers));
        scalings.collect::<Vec<f64>>()
    };
    let all = [Place::Threads, Place::Sandbox]
        .into_iter()
        .flat_map(|place| scalings(place, most));
    let top = all.fold(most as f64, f64::max).ceil();
    let at = |workers: f64, scaling: f64| {
        [
            LEFT + (workers - 1.0) / (most as f64 - 1.0) * (WIDTH - LEFT - 12.0),
            bottom - scaling.clamp(0.0, top) / top * HEIGHT,
        ]
    };
    let mut chart = Chart::new(
        "Throughput / that of one worker",
        "Over the number of workers: the geometric mean of all kernels on threads and in sandboxes, each kernel in sandboxes as a faint line, \
         and what would be ideal.",
        bottom + 56.0,
    );
    let step = (top / 6.0).ceil().max(1.0);
    let mut value = 0.0;
    while value <= top {
        let [_, y] = at(1.0, value);
        chart.line("grid", [LEFT, y], [WIDTH - 12.0, y]);
        chart.text(LEFT - 6.0, y + 4.0, "faint end", &format!("{value:.0}"));
        value += step;
    }
    for &workers in &kernels.workers {
        let [x, _] = at(workers as f64, 0.0);
        chart.text(x, bottom + 16.0, "faint middle", &workers.to_string());
    }
    chart.text(
        (LEFT + WIDTH) / 2.0,
        bottom + 30.0,
        "faint middle",
        "workers",
    );
    chart.path(
        "bold dashed grid",
        &[at(1.0, 1.0), at(most as f64, most as f64)],
    );
    for run in &kernels.runs {
        let points = kernels
            .workers
            .iter()
            .filter_map(|&workers| Some(at(workers as f64, run.scaling(Place::Sandbox, workers)?)));
        chart.path("thin s1", &points.collect::<Vec<_>>());
    }
    for (kind, (place, name)) in [(Place::Sandbox, "sandbox"), (Place::Threads, "threads")]
        .into_iter()
        .enumerate()
    {
        let means = kernels
            .workers
            .iter()
            .filter_map(|&workers| Some((workers, geometric_mean(&scalings(place, workers))?)));
        let means: Vec<(usize, f64)> = means.collect();
        let points: Vec<[f64; 2]> = means
            .iter()
            .map(|&(workers, mean)| at(workers as f64, mean))
            .collect();
        chart.path(&format!("bold s{}", kind + 1), &points);
        for (point, (workers, value)) in points.into_iter().zip(means) {
            let datum = Datum {
                series: name,
                name: &format!("{workers} workers"),
                value,
            };
            chart.mark(kind, point, Some(&datum));
        }
        let x = LEFT + 90.0 * kind as f64;
        chart.mark(kind, [x, bottom + 44.0], None);
        chart.text(x + 10.0, bottom + 48.0, "", name);
    }
    chart.line(
        "bold dashed grid",
        [LEFT + 180.0, bottom + 44.0],
        [LEFT + 204.0, bottom + 44.0],
    );
    chart.text(LEFT + 210.0, bottom + 48.0, "", "ideal");
    Some(chart)
}

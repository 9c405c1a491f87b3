use super::compare;
use crate::record::{
    FORMAT, Figure, Isolation, KernelRun, Kernels, Machine, Measure, Peer, Place, Record, Series,
};

/// Noise that is the same every time: SplitMix64.
struct Noise(u64);

impl Noise {
    fn fraction(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// A factor near 1: some percent of noise, and now and then an outlier.
    fn factor(&mut self) -> f64 {
        let outlier = if self.fraction() < 0.03 { 1.5 } else { 1.0 };
        outlier * (1.0 + 0.06 * (self.fraction() + self.fraction() - 1.0))
    }
}

fn record(
    kernels: usize,
    rounds: usize,
    noise: &mut Noise,
    slower: Option<(usize, f64)>,
) -> Record {
    // The machine drifts within the run, and is another one every run.
    let speed = 1.0 + 0.4 * noise.fraction();
    let drift: Vec<f64> = (0..rounds)
        .map(|_| speed * (1.0 + 0.3 * noise.fraction()))
        .collect();
    let runs = (0..kernels).map(|number| {
        let factor = slower
            .filter(|(which, _)| *which == number)
            .map_or(1.0, |(_, factor)| factor);
        let mut series = |place, workers| Series {
            place,
            workers,
            tasks: workers,
            seconds: drift
                .iter()
                .map(|drift| 0.01 * (number + 1) as f64 * drift * factor * noise.factor())
                .collect(),
        };
        KernelRun {
            kernel: format!("kernel {number}"),
            size: "1 thing".to_owned(),
            why: "to be compared".to_owned(),
            checksum: 1,
            series: vec![
                series(Place::Native, 1),
                series(Place::Threads, 2),
                series(Place::Sandbox, 1),
                series(Place::Sandbox, 2),
            ],
        }
    });
    let runs = runs.collect();
    empty(Some(Kernels {
        workers: vec![1, 2],
        rounds,
        rounds_of_a_process: 3,
        runs,
    }))
}

fn empty(kernels: Option<Kernels>) -> Record {
    let machine = Machine {
        cpu: "a processor".to_owned(),
        processors: 2,
        memory_bytes: 1,
        os: "a system".to_owned(),
        sandpool: "0.1.0".to_owned(),
        engine: "an engine".to_owned(),
        rustc: "a compiler".to_owned(),
        profile: "release".to_owned(),
    };
    Record {
        format: FORMAT,
        command: "sandpool bench".to_owned(),
        started: "2026-01-01T00:00:00Z".to_owned(),
        machine,
        quick: false,
        kernels,
        isolation: None,
        note: None,
        task: None,
    }
}

#[test]
fn two_runs_of_one_build_are_hardly_ever_reported_as_different() {
    let mut noise = Noise(1);
    let reported = (0..200).filter(|_| {
        let [before, after] = [(); 2].map(|()| record(24, 15, &mut noise, None));
        !compare(&before, &after).unwrap().changes.is_empty()
    });
    assert!(reported.count() <= 2);
}

#[test]
fn a_kernel_that_is_a_tenth_slower_is_found_and_no_other() {
    let mut noise = Noise(2);
    let mut found = 0;
    for _ in 0..100 {
        let before = record(24, 15, &mut noise, None);
        let after = record(24, 15, &mut noise, Some((7, 1.1)));
        let changes = compare(&before, &after).unwrap().changes;
        assert!(
            changes
                .iter()
                .all(|change| change.what.starts_with("kernel 7, ")),
            "{changes:?}"
        );
        assert!(changes.iter().all(|change| change.factor > 1.0));
        let places: Vec<&str> = changes.iter().map(|change| &*change.what).collect();
        found += usize::from(
            places.contains(&"kernel 7, native") && places.contains(&"kernel 7, sandbox x1"),
        );
    }
    assert!(found >= 95, "{found}");
}

#[test]
fn a_faster_machine_is_no_faster_kernel() {
    let mut noise = Noise(3);
    let before = record(24, 15, &mut noise, None);
    let mut after = before.clone();
    for series in after
        .kernels
        .iter_mut()
        .flat_map(|kernels| &mut kernels.runs)
        .flat_map(|run| &mut run.series)
    {
        series
            .seconds
            .iter_mut()
            .for_each(|seconds| *seconds /= 2.0);
    }
    let comparison = compare(&before, &after).unwrap();
    assert_eq!(comparison.changes, []);
    assert!((comparison.speed.unwrap() - 2.0).abs() < 1e-9);
}

#[test]
fn too_few_rounds_are_said_to_be_too_few() {
    let mut noise = Noise(4);
    let before = record(24, 5, &mut noise, None);
    let after = record(24, 5, &mut noise, Some((1, 2.0)));
    let comparison = compare(&before, &after).unwrap();
    assert_eq!(comparison.changes, []);
    assert!(!comparison.to_string().contains("No difference"));
    assert!(
        comparison.to_string().contains("too few to tell"),
        "{comparison}"
    );
}

#[test]
fn what_cannot_be_compared_is_said() {
    let mut noise = Noise(5);
    let before = record(3, 15, &mut noise, None);
    let mut after = record(2, 15, &mut noise, None);
    after.machine.cpu = "another".to_owned();
    after.kernels.as_mut().unwrap().runs[0].checksum = 2;
    let shown = compare(&before, &after).unwrap().to_string();
    for note in [
        "the processors differ: a processor; another",
        "kernel 0 does something else",
        "kernel 2 is in the first run only",
    ] {
        assert!(shown.contains(note), "{shown}");
    }
    let nothing = compare(&before, &empty(None)).unwrap_err();
    assert!(nothing.to_string().contains("nothing in common"));
}

#[test]
fn figures_of_isolation_change_where_their_rounds_are_apart() {
    let with = |values: &[f64]| {
        let mut record = empty(None);
        let figure = |measure| Figure {
            measure,
            values: values.to_vec(),
            rounds: 4,
            remark: None,
        };
        record.isolation = Some(Isolation {
            workers: 2,
            peers: vec![Peer {
                name: "threads".to_owned(),
                version: None,
                figures: vec![figure(Measure::RoundTrip), figure(Measure::Throughput)],
                missing: None,
            }],
        });
        record
    };
    let before = with(&[1.0, 1.1, 1.2, 1.3]);
    assert_eq!(
        compare(&before, &with(&[1.2, 1.3, 1.4, 1.5]))
            .unwrap()
            .changes,
        []
    );
    let changes = compare(&before, &with(&[2.0, 2.1, 2.2, 2.3]))
        .unwrap()
        .changes;
    let what: Vec<&str> = changes.iter().map(|change| &*change.what).collect();
    assert_eq!(
        what,
        [
            "no-op, there and back, threads",
            "no-ops, throughput, threads"
        ]
    );
    assert!(
        changes[0].factor > 1.0 && changes[1].factor < 1.0,
        "{changes:?}"
    );
}

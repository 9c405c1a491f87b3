//! A record in which every part is there: for tests of what is shown.

use crate::record::{
    FORMAT, Figure, Isolation, KernelRun, Kernels, Machine, Measure, Note, OwnTask, Peer, Place,
    Program, Record, Series, Side, TaskIsolation, TaskSeries,
};

pub(crate) const KERNELS: usize = 5;

pub(crate) fn record() -> Record {
    Record {
        format: FORMAT,
        command: "sandpool bench".to_owned(),
        started: "2026-01-01T00:00:00Z".to_owned(),
        machine: Machine {
            cpu: "a processor".to_owned(),
            processors: 2,
            memory_bytes: 8_000_000_000,
            os: "a system".to_owned(),
            sandpool: "0.1.0".to_owned(),
            engine: "an engine".to_owned(),
            rustc: "a compiler".to_owned(),
            profile: "release".to_owned(),
        },
        quick: false,
        kernels: Some(Kernels {
            workers: vec![1, 2],
            rounds: 3,
            rounds_of_a_process: 3,
            runs: (0..KERNELS).map(kernel).collect(),
        }),
        isolation: Some(Isolation {
            workers: 2,
            peers: vec![
                peer("sandbox, fresh", 0.000_02),
                peer("threads", 0.000_014),
                missing(),
            ],
        }),
        note: Some(note()),
        task: Some(OwnTask {
            module: "tasks.wasm".to_owned(),
            module_bytes: 1000,
            load_seconds: 0.1,
            task: "work".to_owned(),
            arguments: "[1, 2]".to_owned(),
            series: vec![series(TaskIsolation::Fresh), series(TaskIsolation::Reuse)],
        }),
    }
}

/// Natively 10 ms, and a quarter more for every kernel in a sandbox.
fn kernel(number: usize) -> KernelRun {
    let series = |place, workers, seconds: f64| Series {
        place,
        workers,
        tasks: workers,
        seconds: vec![seconds; 3],
    };
    let sandbox = 0.01 * (1.0 + 0.25 * number as f64);
    KernelRun {
        kernel: format!("kernel {number}"),
        size: "1,000 things".to_owned(),
        why: "to be shown".to_owned(),
        checksum: 7,
        series: vec![
            series(Place::Native, 1, 0.01),
            series(Place::Threads, 1, 0.01),
            series(Place::Sandbox, 1, sandbox),
            series(Place::Threads, 2, 0.01),
            series(Place::Sandbox, 2, sandbox),
        ],
    }
}

fn peer(name: &str, seconds: f64) -> Peer {
    let figure = |measure: Measure| Figure {
        measure,
        values: match measure {
            Measure::StopRunaway => Vec::new(),
            _ => vec![seconds; 3],
        },
        rounds: 3,
        remark: (measure == Measure::StopRunaway).then(|| "never: there is no way".to_owned()),
    };
    Peer {
        name: name.to_owned(),
        version: None,
        figures: Measure::ALL.map(figure).to_vec(),
        missing: None,
    }
}

fn missing() -> Peer {
    Peer {
        name: "loky".to_owned(),
        version: None,
        figures: Vec::new(),
        missing: Some("pip install loky".to_owned()),
    }
}

fn note() -> Note {
    let side = |version: &str, seconds| Side {
        version: version.to_owned(),
        seconds: vec![seconds],
        lines: vec!["Result 0".to_owned()],
    };
    Note {
        programs: vec![Program {
            name: "waits".to_owned(),
            ours: side("sandpool 0.1.0", 4.0),
            python: Some(side("CPython 3.11", 4.1)),
            missing: None,
        }],
    }
}

/// From 1 to 2 ms.
fn series(isolation: TaskIsolation) -> TaskSeries {
    TaskSeries {
        isolation,
        workers: 1,
        calls: 100,
        seconds: 0.15,
        percentiles: (0..=100)
            .map(|percent| 0.001 + 0.000_01 * f64::from(percent))
            .collect(),
        memory_bytes: Some(1_000_000),
    }
}

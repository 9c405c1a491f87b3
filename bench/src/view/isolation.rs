//! What isolation costs as a table: measures down, peers across.

use super::{Part, Section, Table};
use crate::record::{Figure, Isolation, Measure, Peer};
use crate::statistics::Summary;
use crate::units;

impl Measure {
    /// All of them, in the order of a report.
    pub(crate) const ALL: [Self; 9] = [
        Self::RoundTrip,
        Self::Throughput,
        Self::FreshWorker,
        Self::Payload1Kb,
        Self::Payload1Mb,
        Self::Payload64Mb,
        Self::IdleWorker,
        Self::StopRunaway,
        Self::Recover,
    ];

    /// Returns what it is, in a few words.
    pub(crate) fn title(self) -> &'static str {
        match self {
            Self::RoundTrip => "no-op, there and back",
            Self::Throughput => "no-ops, throughput",
            Self::FreshWorker => "no-op, fresh worker",
            Self::Payload1Kb => "1 kB, there and back",
            Self::Payload1Mb => "1 MB, there and back",
            Self::Payload64Mb => "64 MB, there and back",
            Self::IdleWorker => "memory, idle worker",
            Self::StopRunaway => "stop a runaway task",
            Self::Recover => "recover from a crash",
        }
    }

    /// Returns its name in a record.
    pub(crate) fn key(self) -> &'static str {
        match self {
            Self::RoundTrip => "round-trip",
            Self::Throughput => "throughput",
            Self::FreshWorker => "fresh-worker",
            Self::Payload1Kb => "payload1-kb",
            Self::Payload1Mb => "payload1-mb",
            Self::Payload64Mb => "payload64-mb",
            Self::IdleWorker => "idle-worker",
            Self::StopRunaway => "stop-runaway",
            Self::Recover => "recover",
        }
    }

    /// Whether it is a time.
    pub(crate) fn is_time(self) -> bool {
        !matches!(self, Self::Throughput | Self::IdleWorker)
    }

    /// Writes a value of it.
    pub(crate) fn show(self, value: f64) -> String {
        match self {
            Self::Throughput => units::rate(value),
            Self::IdleWorker => units::bytes(value),
            _ => units::time(value),
        }
    }
}

impl Peer {
    /// Returns its figure for a measure.
    pub(crate) fn figure(&self, measure: Measure) -> Option<&Figure> {
        self.figures.iter().find(|figure| figure.measure == measure)
    }

    /// Returns its name and version.
    pub(crate) fn title(&self) -> String {
        match &self.version {
            Some(version) => format!("{} {version}", self.name),
            None => self.name.clone(),
        }
    }
}

pub(super) fn section(isolation: &Isolation) -> Section {
    let present: Vec<&Peer> = isolation
        .peers
        .iter()
        .filter(|peer| peer.missing.is_none())
        .collect();
    let mut remarks = Remarks::default();
    let mut rows = Vec::new();
    for measure in Measure::ALL {
        let mut row = vec![measure.title().to_owned()];
        row.extend(present.iter().map(|peer| cell(peer, measure, &mut remarks)));
        rows.push(row);
    }
    let mut header = vec![String::new()];
    header.extend(present.iter().map(|peer| peer.title()));

    let mut notes: Vec<String> = remarks
        .0
        .iter()
        .enumerate()
        .map(|(number, remark)| format!("[{}] {remark}", number + 1))
        .collect();
    for peer in &isolation.peers {
        if let Some(missing) = &peer.missing {
            notes.push(format!("{} was not measured: {missing}", peer.name));
        }
    }
    Section {
        part: Part::Isolation,
        title: "What isolation costs".to_owned(),
        intro: vec![format!(
            "Medians. Latencies are of one task at a time; throughput is that of {} workers with all tasks submitted before the \
             first result is looked at. Stopping and recovering end with the result of the next task in the same place.",
            isolation.workers
        )],
        tables: vec![Table {
            text_columns: 1,
            header,
            rows,
        }],
        background: None,
        notes,
    }
}

fn cell(peer: &Peer, measure: Measure, remarks: &mut Remarks) -> String {
    let Some(figure) = peer.figure(measure) else {
        return "-".to_owned();
    };
    let remark = figure
        .remark
        .as_deref()
        .map(|remark| format!(" [{}]", remarks.number(remark)));
    let remark = remark.unwrap_or_default();
    match Summary::of(&figure.values) {
        Some(summary) => measure.show(summary.median) + &remark,
        None if figure
            .remark
            .as_deref()
            .is_some_and(|remark| remark.starts_with("never")) =>
        {
            format!("never{remark}")
        }
        None => format!("-{remark}"),
    }
}

/// Remarks, each once, by numbers.
#[derive(Default)]
struct Remarks(Vec<String>);

impl Remarks {
    fn number(&mut self, remark: &str) -> usize {
        if let Some(place) = self.0.iter().position(|known| known == remark) {
            return place + 1;
        }
        self.0.push(remark.to_owned());
        self.0.len()
    }
}

#[cfg(test)]
mod tests {
    use crate::record::Measure;

    #[test]
    fn a_measure_is_called_as_in_the_record() {
        for measure in Measure::ALL {
            let name = serde_json::to_value(measure).unwrap();
            assert_eq!(name, measure.key());
        }
    }
}

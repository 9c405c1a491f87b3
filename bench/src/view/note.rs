//! The founding note's programs as a table.

use super::{Part, Section, Table, times};
use crate::record::{Note, Program};

pub(super) fn section(note: &Note) -> Section {
    let mut rows = Vec::new();
    let mut notes = Vec::new();
    for program in &note.programs {
        rows.push(row(program));
        let lines = program.ours.lines.join(", ");
        match &program.python {
            Some(python) if python.lines == program.ours.lines => {
                notes.push(format!("{}: both print {lines}", program.name));
            }
            Some(python) => notes.push(format!(
                "{}: ours prints {lines}, and {} prints {}",
                program.name,
                python.version,
                python.lines.join(", ")
            )),
            None => notes.push(format!("{}: ours prints {lines}", program.name)),
        }
        if let Some(missing) = &program.missing {
            notes.push(format!("{}: Python did not run: {missing}", program.name));
        }
    }
    let header = ["program", "sandpool", "Python", "same output"];
    Section {
        part: Part::Note,
        title: "The founding note's two programs".to_owned(),
        intro: vec![
            "Whole processes, from start to end; ours compiles its wasm module in that time."
                .to_owned(),
        ],
        tables: vec![Table {
            text_columns: 1,
            header: header.map(str::to_owned).to_vec(),
            rows,
        }],
        background: None,
        notes,
    }
}

fn row(program: &Program) -> Vec<String> {
    let none = || "-".to_owned();
    let (python, same) = program.python.as_ref().map_or_else(
        || (none(), none()),
        |python| {
            let same = if python.lines == program.ours.lines {
                "yes"
            } else {
                "no"
            };
            let time = times(&python.seconds);
            (format!("{time}, {}", python.version), same.to_owned())
        },
    );
    vec![
        program.name.clone(),
        times(&program.ours.seconds),
        python,
        same,
    ]
}

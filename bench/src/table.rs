//! A record as tables: for a terminal, and as Markdown.

use comfy_table::{Cell, CellAlignment, ContentArrangement, LineStyle, TableStyle};

use crate::record::Record;
use crate::view::{self, Table};

/// Returns the report for a terminal with so many columns; `None` if nobody knows how many.
pub fn text(record: &Record, width: Option<u16>) -> String {
    let mut text = String::new();
    for (name, value) in view::header(record) {
        text += &format!("{name:<9} {value}\n");
    }
    for section in view::sections(record) {
        text += &format!("\n{}\n", section.title);
        for paragraph in section.intro {
            text += &wrapped(&paragraph, width);
        }
        for table in section.tables {
            text += &drawn(&table, width);
            text.push('\n');
        }
        for note in section.notes {
            text += &wrapped(&note, width);
        }
    }
    text
}

/// Returns the report as Markdown: a section with a table for each part.
pub fn markdown(record: &Record) -> String {
    let mut text = String::new();
    for (name, value) in view::header(record) {
        text += &format!("- {name}: {}\n", cell(&value));
    }
    for section in view::sections(record) {
        text += &format!("\n## {}\n\n", cell(&section.title));
        for paragraph in section.intro {
            text += &format!("{}\n\n", cell(&paragraph));
        }
        for table in section.tables.iter().chain(&section.background) {
            add_markdown(&mut text, table);
        }
        for note in section.notes {
            text += &format!("- {}\n", cell(&note));
        }
    }
    text
}

fn add_markdown(text: &mut String, table: &Table) {
    let row = |cells: &[String]| {
        let cells: Vec<String> = cells.iter().map(|text| cell(text)).collect();
        format!("| {} |\n", cells.join(" | "))
    };
    *text += &row(&table.header);
    let figures = table.header.len().saturating_sub(table.text_columns);
    *text += &format!(
        "|{}{}\n",
        "---|".repeat(table.text_columns),
        "---:|".repeat(figures)
    );
    for cells in &table.rows {
        *text += &row(cells);
    }
    text.push('\n');
}

/// A text on one line, in which nothing is taken for Markdown or HTML.
fn cell(text: &str) -> String {
    let mut cell = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '|' | '\\' | '`' | '*' | '_' | '<' | '>' | '[' | ']' => cell.extend(['\\', character]),
            '\n' | '\r' => cell.push(' '),
            _ => cell.push(character),
        }
    }
    cell
}

fn drawn(table: &Table, width: Option<u16>) -> String {
    let mut drawn = comfy_table::Table::new();
    drawn.load_style(TableStyle::new().header_separator(LineStyle::none().fill('─').junction('─')));
    // A table that is wider than the terminal has its cells wrapped.
    drawn.set_content_arrangement(ContentArrangement::Dynamic);
    if let Some(width) = width {
        drawn.set_width(width);
    }
    drawn.set_header(&table.header);
    for row in &table.rows {
        drawn.add_row(row.iter().enumerate().map(|(column, text)| {
            let alignment = if column < table.text_columns {
                CellAlignment::Left
            } else {
                CellAlignment::Right
            };
            Cell::new(text).set_alignment(alignment)
        }));
    }
    drawn.to_string()
}

/// A paragraph in lines, of at most 100 characters even where there is more room.
fn wrapped(text: &str, width: Option<u16>) -> String {
    const READABLE: usize = 100;
    let width = width.map_or(READABLE, |width| READABLE.min(width.into()));
    let mut lines = String::new();
    let mut column = 0;
    for word in text.split_whitespace() {
        let len = word.chars().count();
        if column > 0 && column + 1 + len > width {
            lines.push('\n');
            column = 0;
        }
        if column > 0 {
            lines.push(' ');
            column += 1;
        }
        lines += word;
        column += len;
    }
    lines.push('\n');
    lines
}

#[cfg(test)]
mod tests {
    use super::{markdown, text};
    use crate::sample;

    #[test]
    fn every_part_is_shown_with_its_figures() {
        let text = text(&sample::record(), None);
        for what in [
            "a processor, 2 processors",
            "kernel 1",
            "1.25 (1.25..1.25)",
            "geometric mean",
            "no-op, there and back",
            "14.0 µs",
            "never [1]",
            "[1] never: there is no way",
            "loky was not measured: pip install loky",
            "both print Result 0",
            "fresh, 1 worker",
            "1.50 ms",
        ] {
            assert!(text.contains(what), "{what} in {text}");
        }
    }

    #[test]
    fn a_narrow_terminal_gets_narrow_lines() {
        let text = text(&sample::record(), Some(72));
        let longest = text.lines().map(|line| line.chars().count()).max();
        assert!(longest <= Some(72), "{text}");
    }

    #[test]
    fn nothing_in_a_record_is_taken_for_markdown() {
        let mut record = sample::record();
        record.command = "a|b <script> [x](y) `c`".to_owned();
        let text = markdown(&record);
        assert!(
            text.contains("a\\|b \\<script\\> \\[x\\](y) \\`c\\`"),
            "{text}"
        );
    }
}

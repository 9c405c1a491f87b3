//! A record as one page that needs nothing else: no script, no network, no font. Light and dark as the
//! reader's system is; for wide screens, phones and paper.

mod ladder;
mod latencies;
mod ratios;
mod scaling;
mod svg;

use crate::record::Record;
use crate::view::{self, Part, Section, Table};

use self::svg::Chart;

const STYLE: &str = include_str!("html/style.css");

/// Returns the page.
pub fn page(record: &Record) -> String {
    let mut page =
        String::from("<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n");
    page += "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n";
    page += "<meta name=\"color-scheme\" content=\"light dark\">\n";
    page += &format!(
        "<title>What a sandbox costs</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n"
    );
    page += "<header>\n<h1>What a sandbox costs</h1>\n<dl>\n";
    for (name, value) in view::header(record) {
        page += &format!("<dt>{name}</dt><dd>{}</dd>\n", escape(&value));
    }
    page += "</dl>\n</header>\n<main>\n";
    for section in view::sections(record) {
        add_section(&mut page, record, &section);
    }
    page += "</main>\n";
    let json = serde_json::to_string(record).expect("a record has text for keys");
    // Nothing in it ends the element, whatever is in its texts.
    let json = json.replace('<', "\\u003c");
    page += &format!(
        "<script type=\"application/json\" id=\"record\">{json}</script>\n</body>\n</html>\n"
    );
    page
}

/// Returns the chart of the kernels as a file of its own; `None` if no kernel ran.
pub fn ratio_chart(record: &Record) -> Option<String> {
    Some(ratios::chart(record.kernels.as_ref()?)?.file(STYLE))
}

fn charts(record: &Record, part: Part) -> Vec<Chart> {
    let charts = match part {
        Part::Kernels => {
            let kernels = record.kernels.as_ref();
            vec![
                kernels.and_then(ratios::chart),
                kernels.and_then(scaling::chart),
            ]
        }
        Part::Isolation => vec![record.isolation.as_ref().and_then(ladder::chart)],
        Part::OwnTask => vec![record.task.as_ref().and_then(latencies::chart)],
        Part::Note => vec![],
    };
    charts.into_iter().flatten().collect()
}

fn add_section(page: &mut String, record: &Record, section: &Section) {
    *page += &format!("<section>\n<h2>{}</h2>\n", escape(&section.title));
    for paragraph in &section.intro {
        *page += &format!("<p>{}</p>\n", escape(paragraph));
    }
    let charts = charts(record, section.part);
    if !charts.is_empty() {
        *page += "<div class=\"charts\">\n";
        for chart in charts {
            *page += &format!("<figure>\n{}</figure>\n", chart.inline());
        }
        *page += "</div>\n";
    }
    for table in &section.tables {
        add_table(page, table);
    }
    if let Some(table) = &section.background {
        *page += "<details>\n<summary>What each is there for</summary>\n";
        add_table(page, table);
        *page += "</details>\n";
    }
    if !section.notes.is_empty() {
        *page += "<ul class=\"notes\">\n";
        for note in &section.notes {
            *page += &format!("<li>{}</li>\n", escape(note));
        }
        *page += "</ul>\n";
    }
    *page += "</section>\n";
}

fn add_table(page: &mut String, table: &Table) {
    *page += "<div class=\"table\" tabindex=\"0\"><table>\n<thead><tr>";
    for (column, cell) in table.header.iter().enumerate() {
        let class = if column < table.text_columns {
            " class=\"text\""
        } else {
            ""
        };
        *page += &format!("<th scope=\"col\"{class}>{}</th>", escape(cell));
    }
    *page += "</tr></thead>\n<tbody>\n";
    for row in &table.rows {
        *page += "<tr>";
        for (column, cell) in row.iter().enumerate() {
            let cell = escape(cell);
            *page += &match column {
                0 => format!("<th scope=\"row\">{cell}</th>"),
                _ if column < table.text_columns => format!("<td class=\"text\">{cell}</td>"),
                _ => format!("<td>{cell}</td>"),
            };
        }
        *page += "</tr>\n";
    }
    *page += "</tbody>\n</table></div>\n";
}

/// Makes a text one that stands for itself, between tags and in attributes.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped += "&amp;",
            '<' => escaped += "&lt;",
            '>' => escaped += "&gt;",
            '"' => escaped += "&quot;",
            '\'' => escaped += "&#39;",
            // Not allowed in a page, escaped or not.
            _ if character.is_control() => escaped.push(' '),
            _ => escaped.push(character),
        }
    }
    escaped
}

#[cfg(test)]
mod tests;

//! Makes text harmless that comes from a module: a terminal obeys control characters, and a module
//! may put them into names, doc comments, messages and results.

use std::fmt::Write;

/// Returns whether a terminal, or the one who reads it, could be misled by the character: control
/// characters, line separators, and the marks that change the direction of writing.
pub(crate) fn is_unsafe(character: char) -> bool {
    character.is_control()
        || matches!(
            character,
            '\u{61c}'
                | '\u{200e}'
                | '\u{200f}'
                | '\u{2028}'..='\u{202e}'
                | '\u{2066}'..='\u{2069}'
                | '\u{feff}'
        )
}

/// Returns the text with its line breaks, and `\u{1b}` for an escape character.
pub(crate) fn escape(text: &str) -> String {
    escape_all_but(text, |character| character == '\n')
}

/// Returns the text on one line, with `\u{a}` for a line break.
pub(crate) fn line(text: &str) -> String {
    escape_all_but(text, |_| false)
}

/// Returns the text with its line breaks. Every line but the first is indented, as the library does
/// it with text from a sandbox, so that none of them passes for a line of ours.
pub(crate) fn block(text: &str) -> String {
    const INDENT: &str = "    ";
    let indented = escape(text.trim_end()).replace('\n', &format!("\n{INDENT}"));
    indented.replace(&format!("\n{INDENT}{INDENT}"), &format!("\n{INDENT}"))
}

fn escape_all_but(text: &str, is_kept: impl Fn(char) -> bool) -> String {
    let mut safe = String::with_capacity(text.len());
    for character in text.chars() {
        if is_unsafe(character) && !is_kept(character) {
            let _ = write!(safe, "\\u{{{:x}}}", u32::from(character));
        } else {
            safe.push(character);
        }
    }
    safe
}

#[cfg(test)]
mod tests {
    use super::{block, escape, line};

    #[test]
    fn a_line_has_nothing_that_a_terminal_obeys() {
        assert_eq!(line("a\u{1b}[2Jb"), "a\\u{1b}[2Jb");
        assert_eq!(line("\u{9b}31m\u{7f}\0"), "\\u{9b}31m\\u{7f}\\u{0}");
        assert_eq!(line("one\r\ntwo\t"), "one\\u{d}\\u{a}two\\u{9}");
        assert_eq!(line("abc\u{202e}cba"), "abc\\u{202e}cba");
        assert_eq!(line("größer: 数 🦀"), "größer: 数 🦀");
    }

    #[test]
    fn line_breaks_of_a_block_stay_and_are_indented() {
        assert_eq!(escape("one\n\u{1b}two\n"), "one\n\\u{1b}two\n");
        assert_eq!(block("one\ntwo\u{7}\n"), "one\n    two\\u{7}");
        assert_eq!(block("one\n    two"), "one\n    two");
        assert_eq!(block("one\n\nthree\rX"), "one\n    \n    three\\u{d}X");
        assert_eq!(block(""), "");
    }
}

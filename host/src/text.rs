//! Texts that come from a sandbox: cut to a size, and made harmless to who reads them.

use std::fmt::{self, Write};

/// Shows a text so that neither a terminal nor a reader is misled by it: control characters and marks
/// that change the direction of writing are escaped as `\u{1b}`. Line breaks stay, and every line but
/// the first is indented, so that none passes for a line of somebody else.
pub(crate) struct Escaped<'a>(pub(crate) &'a str);

impl fmt::Display for Escaped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for character in self.0.chars() {
            match character {
                '\n' => f.write_str("\n    ")?,
                '\t' => f.write_char('\t')?,
                unsafe_one if is_unsafe(unsafe_one) => {
                    write!(f, "\\u{{{:x}}}", u32::from(unsafe_one))?;
                }
                other => f.write_char(other)?,
            }
        }
        Ok(())
    }
}

/// The `sandpool` command escapes the same in what it shows itself.
fn is_unsafe(character: char) -> bool {
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

/// Returns the text, or so many bytes of it and how many there were more.
pub(crate) fn cut(mut text: String, most_bytes: usize) -> String {
    if text.len() > most_bytes {
        let end = text.floor_char_boundary(most_bytes);
        let more = text.len() - end;
        text.truncate(end);
        text.shrink_to_fit();
        let _ = write!(text, "... ({more} bytes cut off)");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::{Escaped, cut};

    #[test]
    fn what_a_terminal_obeys_or_a_reader_does_not_see_is_escaped() {
        let shown = |text| Escaped(text).to_string();
        assert_eq!(
            shown("a\u{1b}[2Jb\u{9b}31m\0"),
            "a\\u{1b}[2Jb\\u{9b}31m\\u{0}"
        );
        assert_eq!(shown("abc\u{202e}cba\u{200f}"), "abc\\u{202e}cba\\u{200f}");
        assert_eq!(shown("one\r\ntwo"), "one\\u{d}\n    two");
        assert_eq!(shown("größer: 数 🦀"), "größer: 数 🦀");
    }

    #[test]
    fn a_text_is_cut_between_characters_and_says_so() {
        assert_eq!(cut("größe".to_owned(), 7), "größe");
        assert_eq!(cut("größe".to_owned(), 3), "gr... (5 bytes cut off)");
        assert_eq!(cut("größe".to_owned(), 0), "... (7 bytes cut off)");
        assert_eq!(cut(String::new(), 0), "");
    }
}

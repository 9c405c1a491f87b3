//! JSON texts: are they, and on one line. Keeps every digit of a number, and the order of keys.

use std::fmt::Write;

use anyhow::Context;
use serde_json::value::RawValue;

use crate::escape;

/// Checks that the text is one JSON value.
pub(crate) fn check(text: &str) -> Result<(), serde_json::Error> {
    serde_json::from_str::<&RawValue>(text).map(drop)
}

/// Returns the arguments of a call, of which there are none unless some were typed.
pub(crate) fn arguments(typed: Option<&str>) -> anyhow::Result<&str> {
    let arguments = typed.unwrap_or("null");
    check(arguments).context(
        "the arguments are not JSON; a text is written in quotation marks, and the shell wants others around them: '\"like this\"'",
    )?;
    Ok(arguments)
}

/// Returns the value on one line, without blanks and with nothing that a terminal obeys; that is
/// written as JSON escapes, so it is the same value. An error if the text is not one JSON value.
pub(crate) fn compact(text: &str) -> Result<String, serde_json::Error> {
    check(text)?;
    let mut compact = String::with_capacity(text.len());
    let mut in_string = false;
    let mut characters = text.chars();
    while let Some(character) = characters.next() {
        match character {
            '"' => in_string = !in_string,
            '\\' => {
                // What follows is one of few ASCII characters, perhaps a quotation mark.
                compact.push(character);
                compact.extend(characters.next());
                continue;
            }
            ' ' | '\t' | '\r' | '\n' if !in_string => continue,
            _ if escape::is_unsafe(character) => {
                // None of them is beyond the 16 bits that an escape has.
                let _ = write!(compact, "\\u{:04x}", u32::from(character));
                continue;
            }
            _ => {}
        }
        compact.push(character);
    }
    Ok(compact)
}

#[cfg(test)]
mod tests {
    use super::compact;

    fn compacted(text: &str) -> String {
        compact(text).expect("the text is JSON")
    }

    #[test]
    fn blanks_between_tokens_go_and_those_in_strings_stay() {
        assert_eq!(
            compacted("\r\n{ \"a b\" : [ 1 ,\t\"\\\" \" ] }\n"),
            "{\"a b\":[1,\"\\\" \"]}"
        );
    }

    #[test]
    fn numbers_and_keys_stay_as_they_are() {
        let text = "{\"z\":340282366920938463463374607431768211455,\"a\":0.10,\"a\":1e400}";
        assert_eq!(compacted(text), text);
    }

    #[test]
    fn what_a_terminal_obeys_becomes_an_escape_of_the_same_value() {
        let safe = compacted("\"\u{9b}2J\u{202e}\u{7f}ü\"");
        assert_eq!(safe, "\"\\u009b2J\\u202e\\u007fü\"");
        let value: String = serde_json::from_str(&safe).expect("it is a string");
        assert_eq!(value, "\u{9b}2J\u{202e}\u{7f}ü");
    }

    #[test]
    fn what_is_not_one_value_is_an_error() {
        for text in ["", "{", "1 2", "\"\u{1b}\"", "\"a\nb\"", "nul", "[1,]"] {
            assert!(compact(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn depth_does_not_use_up_the_stack() {
        let text = "[".repeat(1 << 20) + &"]".repeat(1 << 20);
        assert_eq!(compacted(&text).len(), text.len());
    }
}

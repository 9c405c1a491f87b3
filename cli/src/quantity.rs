//! Durations and sizes as people type them.

use std::time::Duration;

/// Reads `500ms`, `1.5s`, `2m`, `1h`. A bare number is seconds.
pub(crate) fn duration(text: &str) -> Result<Duration, String> {
    const UNITS: [(&str, f64); 6] = [
        ("", 1.0),
        ("us", 1e-6),
        ("ms", 1e-3),
        ("s", 1.0),
        ("m", 60.0),
        ("h", 3600.0),
    ];
    let (number, unit) = split(text);
    let number: f64 = number
        .parse()
        .map_err(|_| "a duration is a number and a unit: 500ms, 2s, 1m".to_owned())?;
    let (_, seconds) = UNITS
        .into_iter()
        .find(|(name, _)| *name == unit)
        .ok_or_else(|| format!("`{unit}` is not a unit of time: us, ms, s, m or h"))?;
    Duration::try_from_secs_f64(number * seconds).map_err(|_| "that is too long".to_owned())
}

/// Reads `64MiB`, `64M`, `1G`. A bare number is bytes. Units count by 1024, as memory does; those
/// that end in a bare `B` (`64MB`) by 1000. Upper and lower case are the same.
pub(crate) fn bytes(text: &str) -> Result<usize, String> {
    const UNITS: [(&str, usize); 11] = [
        ("", 1),
        ("b", 1),
        ("k", 1 << 10),
        ("m", 1 << 20),
        ("g", 1 << 30),
        ("kib", 1 << 10),
        ("mib", 1 << 20),
        ("gib", 1 << 30),
        ("kb", 1_000),
        ("mb", 1_000_000),
        ("gb", 1_000_000_000),
    ];
    let (number, unit) = split(text);
    let too_large = || "that is too large".to_owned();
    if !number.bytes().all(|byte| byte.is_ascii_digit()) || number.is_empty() {
        return Err("a size is a whole number and a unit: 64MiB, 1GiB".to_owned());
    }
    let number: usize = number.parse().map_err(|_| too_large())?;
    let (_, bytes) = UNITS
        .into_iter()
        .find(|(name, _)| unit.eq_ignore_ascii_case(name))
        .ok_or_else(|| format!("`{unit}` is not a unit of memory: KiB, MiB or GiB"))?;
    number.checked_mul(bytes).ok_or_else(too_large)
}

/// Writes a size for people: `1.5 MiB`.
pub(crate) fn readable(bytes: u64) -> String {
    const STEP: f64 = 1024.0;
    #[expect(clippy::cast_precision_loss, reason = "one decimal place is shown")]
    let mut size = bytes as f64;
    let mut unit = "bytes";
    for larger in ["KiB", "MiB", "GiB", "TiB"] {
        if size < STEP {
            break;
        }
        size /= STEP;
        unit = larger;
    }
    match unit {
        "bytes" => format!("{bytes} bytes"),
        _ => format!("{size:.1} {unit}"),
    }
}

/// Splits a number from the unit behind it, with or without a blank between them.
fn split(text: &str) -> (&str, &str) {
    let text = text.trim();
    let is_digit = |character: char| character.is_ascii_digit() || character == '.';
    let end = text.find(|c| !is_digit(c)).unwrap_or(text.len());
    let (number, unit) = text.split_at(end);
    (number, unit.trim_start())
}

#[cfg(test)]
mod tests {
    use super::{bytes, duration, readable};
    use std::time::Duration;

    #[test]
    fn durations_have_units_and_seconds_without() {
        assert_eq!(duration("500ms"), Ok(Duration::from_millis(500)));
        assert_eq!(duration("2"), Ok(Duration::from_secs(2)));
        assert_eq!(duration("1.5s"), Ok(Duration::from_millis(1500)));
        assert_eq!(duration("1 m"), Ok(Duration::from_secs(60)));
        assert_eq!(duration("2h"), Ok(Duration::from_secs(7200)));
        assert_eq!(duration("20us"), Ok(Duration::from_micros(20)));
        for wrong in [
            "",
            "s",
            "-1s",
            "1d",
            "1e3s",
            "1..2s",
            "inf",
            "99999999999999999999h",
        ] {
            assert!(duration(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn sizes_count_by_1024_unless_they_end_in_a_bare_b() {
        assert_eq!(bytes("65536"), Ok(65536));
        assert_eq!(bytes("64MiB"), Ok(64 << 20));
        assert_eq!(bytes("64M"), Ok(64 << 20));
        assert_eq!(bytes("64 mib"), Ok(64 << 20));
        assert_eq!(bytes("1GiB"), Ok(1 << 30));
        assert_eq!(bytes("2k"), Ok(2048));
        assert_eq!(bytes("64MB"), Ok(64_000_000));
        for wrong in [
            "",
            "MiB",
            "1.5M",
            "-1",
            "1X",
            "18446744073709551615k",
            "99999999999999999999",
        ] {
            assert!(bytes(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn sizes_are_shown_with_one_decimal_place() {
        assert_eq!(readable(0), "0 bytes");
        assert_eq!(readable(1023), "1023 bytes");
        assert_eq!(readable(1536), "1.5 KiB");
        assert_eq!(readable(17 << 20), "17.0 MiB");
        assert_eq!(readable(4 << 30), "4.0 GiB");
    }
}

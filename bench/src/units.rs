//! Figures as people read them: three digits and a unit.

const TIMES: [(f64, &str); 3] = [(1.0, "s"), (1e-3, "ms"), (1e-6, "µs")];

/// Writes a time: `1.23 µs`, `45.6 ms`.
pub(crate) fn time(seconds: f64) -> String {
    scaled(seconds, &TIMES, (1e-9, "ns"))
}

/// Writes a time and a range around it in the unit of the first: `45.6 ms (44.0..51.2)`.
pub(crate) fn time_between(median: f64, min: f64, max: f64) -> String {
    let median = time(median);
    let (number, unit) = median.split_once(' ').unwrap_or((&median, ""));
    let size = TIMES
        .iter()
        .find(|(_, name)| *name == unit)
        .map_or(1e-9, |(size, _)| *size);
    let decimals = number
        .split_once('.')
        .map_or(0, |(_, decimals)| decimals.len());
    let [min, max] = [min, max].map(|value| format!("{:.decimals$}", value / size));
    format!("{median} ({min}..{max})")
}

/// Writes a size, by 1000: `1.23 MB`.
pub(crate) fn bytes(bytes: f64) -> String {
    const UNITS: [(f64, &str); 3] = [(1e9, "GB"), (1e6, "MB"), (1e3, "kB")];
    scaled(bytes, &UNITS, (1.0, "bytes"))
}

/// Writes how many there are in a second: `123 k/s`.
pub(crate) fn rate(per_second: f64) -> String {
    const UNITS: [(f64, &str); 2] = [(1e6, "M/s"), (1e3, "k/s")];
    scaled(per_second, &UNITS, (1.0, "/s"))
}

/// Writes a ratio: `1.07`, `12.3`.
pub(crate) fn ratio(ratio: f64) -> String {
    match ratio {
        ratio if !ratio.is_finite() => "-".to_owned(),
        ratio if ratio.abs() < 9.995 => format!("{ratio:.2}"),
        ratio if ratio.abs() < 99.95 => format!("{ratio:.1}"),
        ratio => format!("{ratio:.0}"),
    }
}

fn scaled(value: f64, units: &[(f64, &str)], least: (f64, &str)) -> String {
    if !value.is_finite() {
        return "-".to_owned();
    }
    // 999.96 would be shown as 1000.
    let fits = |(size, _): &&(f64, &str)| value.abs() >= 0.9995 * size;
    let (size, unit) = units.iter().find(fits).unwrap_or(&least);
    let number = value / size;
    match number.abs() {
        0.0 => format!("0 {unit}"),
        small if small < 9.995 => format!("{number:.2} {unit}"),
        middle if middle < 99.95 => format!("{number:.1} {unit}"),
        _ => format!("{number:.0} {unit}"),
    }
}

#[cfg(test)]
mod tests {
    use super::{bytes, rate, ratio, time, time_between};

    #[test]
    fn three_digits_are_shown_with_the_unit_that_suits() {
        assert_eq!(time(0.0), "0 ns");
        assert_eq!(time(1.234e-9), "1.23 ns");
        assert_eq!(time(45.67e-6), "45.7 µs");
        assert_eq!(time(0.999_96), "1.00 s");
        assert_eq!(time(0.9989), "999 ms");
        assert_eq!(time(123.4), "123 s");
        assert_eq!(bytes(64_000_000.0), "64.0 MB");
        assert_eq!(bytes(12.0), "12.0 bytes");
        assert_eq!(rate(1_234_567.0), "1.23 M/s");
        assert_eq!(rate(950.0), "950 /s");
    }

    #[test]
    fn what_is_no_number_is_not_shown_as_one() {
        for text in [
            time(f64::NAN),
            bytes(f64::INFINITY),
            rate(f64::NAN),
            ratio(f64::INFINITY),
        ] {
            assert_eq!(text, "-");
        }
    }

    #[test]
    fn a_range_has_the_unit_and_the_digits_of_its_middle() {
        assert_eq!(time_between(0.0123, 0.0099, 1.5), "12.3 ms (9.9..1500.0)");
        assert_eq!(time_between(2e-9, 1e-9, 3e-9), "2.00 ns (1.00..3.00)");
    }

    #[test]
    fn ratios_have_no_unit() {
        assert_eq!(
            [0.5, 1.0, 12.34, 1234.0].map(ratio),
            ["0.50", "1.00", "12.3", "1234"]
        );
    }
}

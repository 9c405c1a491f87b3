//! Medians, spreads and outliers of measured values.

/// What a table shows of a number of values.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Summary {
    /// The value in the middle; between the two in the middle where their number is even.
    pub median: f64,
    /// The smallest value.
    pub min: f64,
    /// The largest value.
    pub max: f64,
    /// How many values there are.
    pub count: usize,
    /// How many are further from the middle half than 1.5 times its width: Tukey's fences.
    pub outliers: usize,
}

impl Summary {
    /// Sums the values up; `None` if there are none.
    pub fn of(values: &[f64]) -> Option<Self> {
        let mut values = values.to_vec();
        values.sort_by(f64::total_cmp);
        let (min, max) = (*values.first()?, *values.last()?);
        let (low, high) = (quantile(&values, 0.25), quantile(&values, 0.75));
        let fence = 1.5 * (high - low);
        let inside = low - fence..=high + fence;
        let outliers = values
            .iter()
            .filter(|value| !inside.contains(value))
            .count();
        Some(Self {
            median: quantile(&values, 0.5),
            min,
            max,
            count: values.len(),
            outliers,
        })
    }
}

/// Returns the value below which a `fraction` of the ascending `values` lies, between two of them by
/// their distance: definition 7 of Hyndman and Fan, "Sample Quantiles in Statistical Packages" (1996).
///
/// # Panics
///
/// If there is no value.
pub fn quantile(values: &[f64], fraction: f64) -> f64 {
    let place = fraction.clamp(0.0, 1.0) * (values.len() - 1) as f64;
    let (below, above) = (place.floor() as usize, place.ceil() as usize);
    values[below] + (values[above] - values[below]) * place.fract()
}

/// Returns the geometric mean of positive values; `None` if there are none.
pub fn geometric_mean(values: &[f64]) -> Option<f64> {
    let logarithms: f64 = values.iter().map(|value| value.ln()).sum();
    (!values.is_empty()).then(|| (logarithms / values.len() as f64).exp())
}

/// Returns each value divided by the one of the same round, as far as both have rounds and are times.
pub fn ratios(values: &[f64], floor: &[f64]) -> Vec<f64> {
    let ratios = values.iter().zip(floor).map(|(value, floor)| value / floor);
    ratios
        .filter(|ratio| ratio.is_finite() && *ratio > 0.0)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::{Summary, geometric_mean, quantile, ratios};

    #[test]
    fn no_values_have_no_summary() {
        assert_eq!(Summary::of(&[]), None);
        assert_eq!(geometric_mean(&[]), None);
    }

    #[test]
    fn the_median_of_an_even_number_lies_between_two() {
        let summary = Summary::of(&[4.0, 1.0, 3.0, 2.0]).expect("there are values");
        assert_eq!((summary.min, summary.median, summary.max), (1.0, 2.5, 4.0));
        assert_eq!((summary.count, summary.outliers), (4, 0));
    }

    #[test]
    fn a_value_far_from_the_others_is_an_outlier() {
        let summary = Summary::of(&[1.0, 1.1, 0.9, 1.0, 9.0]).expect("there are values");
        assert_eq!((summary.median, summary.outliers), (1.0, 1));
    }

    #[test]
    fn quantiles_lie_between_values_by_their_distance() {
        let values = [10.0, 20.0, 30.0];
        assert_eq!(quantile(&values, 0.0), 10.0);
        assert_eq!(quantile(&values, 0.75), 25.0);
        assert_eq!(quantile(&values, 1.0), 30.0);
        assert_eq!(quantile(&[7.0], 0.3), 7.0);
    }

    #[test]
    fn a_half_and_a_double_are_one_in_the_geometric_mean() {
        let mean = geometric_mean(&[0.5, 2.0]).expect("there are values");
        assert!((mean - 1.0).abs() < 1e-12);
    }

    #[test]
    fn ratios_are_of_the_same_round() {
        assert_eq!(ratios(&[2.0, 9.0], &[1.0, 3.0]), [2.0, 3.0]);
        assert_eq!(ratios(&[2.0, 0.0, 1.0], &[1.0, 0.0]), [2.0]);
    }
}

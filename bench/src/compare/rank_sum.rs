//! The Wilcoxon-Mann-Whitney test: how likely two samples of one distribution are so far apart in rank.
//! It asks for no distribution in particular, and outliers weigh no more than their rank.
//!
//! H. B. Mann, D. R. Whitney: On a test of whether one of two random variables is stochastically larger
//! than the other. Annals of Mathematical Statistics 18 (1947), 50-60.

/// Up to so many pairs, and without ties, the distribution is counted out; beyond it is close to normal.
const EXACT: usize = 1600;

/// Returns the two-sided p-value; 1 where one of them is empty.
pub(super) fn p(a: &[f64], b: &[f64]) -> f64 {
    if a.is_empty() || b.is_empty() {
        return 1.0;
    }
    let mut pooled: Vec<(f64, bool)> = a.iter().map(|&value| (value, true)).collect();
    pooled.extend(b.iter().map(|&value| (value, false)));
    pooled.sort_by(|one, other| one.0.total_cmp(&other.0));

    // Ties have the mean of their ranks.
    let (mut rank_sum, mut ties, mut rank) = (0.0, 0.0, 0.0);
    for tied in pooled.chunk_by(|one, other| one.0 == other.0) {
        let count = tied.len() as f64;
        let of_a = tied.iter().filter(|(_, is_a)| *is_a).count() as f64;
        rank_sum += of_a * (rank + (count + 1.0) / 2.0);
        ties += count.powi(3) - count;
        rank += count;
    }
    let (n, m) = (a.len() as f64, b.len() as f64);
    let u = rank_sum - n * (n + 1.0) / 2.0;
    let u = u.min(n * m - u);
    if ties == 0.0 && a.len() * b.len() <= EXACT {
        let ways = ways(a.len(), b.len());
        let all: f64 = ways.iter().sum();
        let tail: f64 = ways[..=u as usize].iter().sum();
        return (2.0 * tail / all).min(1.0);
    }
    let total = n + m;
    let variance = n * m / 12.0 * (total + 1.0 - ties / (total * (total - 1.0)));
    if variance <= 0.0 {
        return 1.0;
    }
    // With the correction for continuity.
    let z = (n * m / 2.0 - u - 0.5).max(0.0) / variance.sqrt();
    (2.0 * normal_tail(z)).min(1.0)
}

/// Returns the least p-value that samples of these sizes can have.
pub(super) fn least_p(n: usize, m: usize) -> f64 {
    // Two of the ways to choose n of n + m.
    let ways = (1..=n).fold(1.0, |ways, chosen| {
        ways * (m + chosen) as f64 / chosen as f64
    });
    (2.0 / ways).min(1.0)
}

/// Returns in how many ways each value of U comes about: the coefficients of the Gaussian binomial.
fn ways(n: usize, m: usize) -> Vec<f64> {
    let mut ways = vec![0.0; n * m + 1];
    ways[0] = 1.0;
    for factor in 1..=m {
        for u in (n + factor..ways.len()).rev() {
            ways[u] -= ways[u - n - factor];
        }
        for u in factor..ways.len() {
            ways[u] += ways[u - factor];
        }
    }
    ways
}

/// Returns how likely a standard normal value is beyond `z`, which is not negative. The error is below
/// 7.5e-8: Abramowitz and Stegun, Handbook of Mathematical Functions, 26.2.17.
fn normal_tail(z: f64) -> f64 {
    const B: [f64; 5] = [
        0.319_381_530,
        -0.356_563_782,
        1.781_477_937,
        -1.821_255_978,
        1.330_274_429,
    ];
    let t = 1.0 / (1.0 + 0.231_641_9 * z);
    let density = (-z * z / 2.0).exp() / (2.0 * std::f64::consts::PI).sqrt();
    density * B.iter().rev().fold(0.0, |sum, b| (sum + b) * t)
}

#[cfg(test)]
mod tests {
    use super::{least_p, normal_tail, p, ways};

    fn close(left: f64, right: f64) -> bool {
        (left - right).abs() < 1e-6
    }

    #[test]
    fn small_samples_are_counted_out() {
        assert_eq!(ways(2, 2), [1.0, 1.0, 2.0, 1.0, 1.0]);
        assert_eq!(ways(5, 5).iter().sum::<f64>(), 252.0);
        // All of one below all of the other: 2 of 252 ways.
        let (low, high) = ([1.0, 2.0, 3.0, 4.0, 5.0], [6.0, 7.0, 8.0, 9.0, 10.0]);
        assert!(close(p(&low, &high), 2.0 / 252.0));
        assert!(close(p(&high, &low), least_p(5, 5)));
    }

    #[test]
    fn the_same_values_are_no_difference() {
        let values = [1.0, 2.0, 3.0];
        assert!(p(&values, &values) > 0.99);
        assert!(p(&[1.0; 30], &[1.0; 30]) > 0.99);
        assert_eq!(p(&[], &values), 1.0);
    }

    #[test]
    fn the_tails_of_the_normal_distribution_are_known() {
        assert!(close(normal_tail(0.0), 0.5));
        assert!(close(normal_tail(1.959_964), 0.025));
        assert!(close(normal_tail(2.575_829), 0.005));
    }

    #[test]
    fn counting_and_the_normal_distribution_agree() {
        let a: Vec<f64> = (0..40).map(f64::from).collect();
        let b: Vec<f64> = (0..40).map(|number| f64::from(number) + 8.5).collect();
        let exact = p(&a, &b);
        // One pair more than is counted out.
        let more: Vec<f64> = b.iter().copied().chain([20.25]).collect();
        assert!((p(&a, &more) / exact - 1.0).abs() < 0.3, "{exact}");
    }
}

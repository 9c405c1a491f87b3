//! The fast Fourier transform of `rustfft`, which chooses the processor's vectors where it knows them.

use rustfft::FftPlanner;
use rustfft::num_complex::Complex;
use sandpool_guest::task;

use crate::checksum::Checksum;
use crate::random::Random;

const POINTS: usize = 1 << 16;

/// Transforms 65,536 complex numbers, forth and back, `size` times.
#[task]
pub fn fft(size: u32) -> u64 {
    let mut random = Random::new(4);
    let mut signal: Vec<Complex<f64>> = (0..POINTS)
        .map(|_| Complex::new(random.fraction() - 0.5, random.fraction() - 0.5))
        .collect();
    let mut planner = FftPlanner::new();
    let (forth, back) = (
        planner.plan_fft_forward(POINTS),
        planner.plan_fft_inverse(POINTS),
    );
    let mut checksum = Checksum::new();
    for _ in 0..size {
        forth.process(&mut signal);
        add(&mut checksum, &signal);
        back.process(&mut signal);
        // The library leaves the scale to its callers.
        signal.iter_mut().for_each(|value| *value /= POINTS as f64);
    }
    add(&mut checksum, &signal);
    checksum.finish()
}

/// Sines and the order of sums differ from place to place, in bits that are far beyond these.
fn add(checksum: &mut Checksum, signal: &[Complex<f64>]) {
    const PLACES: i32 = 6;
    let sum = |values: &mut dyn Iterator<Item = f64>| {
        values
            .enumerate()
            .map(|(n, x)| x * ((n % 97) as f64 + 1.0))
            .sum::<f64>()
    };
    checksum.add_rounded(sum(&mut signal.iter().map(|value| value.re)), PLACES - 3);
    checksum.add_rounded(sum(&mut signal.iter().map(|value| value.im)), PLACES - 3);
    for value in signal.iter().step_by(1021) {
        checksum.add_rounded(value.re, PLACES);
        checksum.add_rounded(value.im, PLACES);
    }
}

#[cfg(test)]
mod tests {
    use std::f64::consts::PI;

    use super::Complex;
    use rustfft::FftPlanner;

    #[test]
    fn the_transform_is_that_of_the_definition() {
        let signal: Vec<Complex<f64>> = (0..16)
            .map(|n| Complex::new(f64::from(n * n % 7), f64::from(n % 3)))
            .collect();
        let mut fast = signal.clone();
        FftPlanner::new().plan_fft_forward(16).process(&mut fast);
        for (k, value) in fast.iter().enumerate() {
            let terms = signal.iter().enumerate();
            let slow: Complex<f64> = terms
                .map(|(n, x)| x * Complex::cis(-2.0 * PI * (k * n) as f64 / 16.0))
                .sum();
            assert!((value - slow).norm() < 1e-9, "{k}");
        }
    }
}

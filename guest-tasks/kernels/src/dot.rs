//! Products of vectors, the inner loop of much that learns and searches: eight sums at once.

use sandpool_guest::task;

use crate::checksum::Checksum;
use crate::random::Random;

const DIMENSIONS: usize = 768;
const LANES: usize = 8;

/// Multiplies a vector of 768 numbers with 1000 others, `size` times.
#[task]
pub fn dot_f32(size: u32) -> u64 {
    const OTHERS: usize = 1000;
    let mut random = Random::new(3);
    let mut vector = || {
        (0..DIMENSIONS)
            .map(|_| (random.fraction() - 0.5) as f32)
            .collect::<Vec<_>>()
    };
    let mut query = vector();
    let others: Vec<Vec<f32>> = (0..OTHERS).map(|_| vector()).collect();
    let mut checksum = Checksum::new();
    for round in 0..size {
        query[round as usize % DIMENSIONS] += 0.25;
        for other in &others {
            checksum.add(u64::from(dot(&query, other).to_bits()));
        }
    }
    checksum.finish()
}

/// Eight sums, added up at the end: an order that any number of lanes can keep.
fn dot(a: &[f32], b: &[f32]) -> f32 {
    let mut sums = [0.0; LANES];
    let (a, b) = (a.as_chunks::<LANES>().0, b.as_chunks::<LANES>().0);
    for (a, b) in a.iter().zip(b) {
        for lane in 0..LANES {
            sums[lane] += a[lane] * b[lane];
        }
    }
    sums.iter().sum()
}

#[cfg(test)]
mod tests {
    use super::dot;

    #[test]
    fn products_are_added() {
        let counting: Vec<f32> = (0..16_u8).map(f32::from).collect();
        assert_eq!(dot(&counting, &[1.0; 16]), 120.0);
        assert_eq!(dot(&counting, &counting), 1240.0);
    }
}

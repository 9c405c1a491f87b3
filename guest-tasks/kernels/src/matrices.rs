//! Products of matrices: the same multiplications and additions, over and over, which a compiler can
//! do several of at once.

use sandpool_guest::task;

use crate::checksum::Checksum;
use crate::random::Random;

/// Multiplies two matrices of `size` by `size` numbers with 64 bits.
#[task]
pub fn matmul_f64(size: u32) -> u64 {
    let mut random = Random::new(1);
    let [a, b] = [(); 2].map(|()| {
        (0..size * size)
            .map(|_| random.fraction() - 0.5)
            .collect::<Vec<_>>()
    });
    let mut checksum = Checksum::new();
    product(&a, &b, size as usize)
        .into_iter()
        .for_each(|value| checksum.add_f64(value));
    checksum.finish()
}

/// Multiplies two matrices of `size` by `size` numbers with 32 bits.
#[task]
pub fn matmul_f32(size: u32) -> u64 {
    let mut random = Random::new(2);
    let [a, b] = [(); 2].map(|()| {
        (0..size * size)
            .map(|_| (random.fraction() - 0.5) as f32)
            .collect::<Vec<_>>()
    });
    let mut checksum = Checksum::new();
    product(&a, &b, size as usize)
        .into_iter()
        .for_each(|value| checksum.add(u64::from(value.to_bits())));
    checksum.finish()
}

/// Rows are added up in the order of the numbers, so every result has one value.
fn product<T>(a: &[T], b: &[T], size: usize) -> Vec<T>
where
    T: Copy + Default + std::ops::Mul<Output = T> + std::ops::AddAssign,
{
    let mut product = vec![T::default(); size * size];
    if size == 0 {
        return product;
    }
    for (row, sums) in a.chunks_exact(size).zip(product.chunks_exact_mut(size)) {
        for (&factor, other) in row.iter().zip(b.chunks_exact(size)) {
            for (sum, &value) in sums.iter_mut().zip(other) {
                *sum += factor * value;
            }
        }
    }
    product
}

#[cfg(test)]
mod tests {
    use super::product;

    #[test]
    fn rows_are_multiplied_with_columns() {
        let product = product(&[1.0, 2.0, 3.0, 4.0], &[5.0, 6.0, 7.0, 8.0], 2);
        assert_eq!(product, [19.0, 22.0, 43.0, 50.0]);
    }

    #[test]
    fn the_unit_matrix_changes_nothing() {
        let unit = [1.0_f32, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0];
        let any = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0];
        assert_eq!(product(&unit, &any, 3), any);
    }
}

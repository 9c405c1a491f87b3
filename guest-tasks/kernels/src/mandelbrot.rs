//! The Mandelbrot set: arithmetic on a few numbers, in loops whose end nobody can predict.

use sandpool_guest::task;

use crate::checksum::Checksum;

const MOST: u32 = 50;

/// Counts the iterations for each point of a picture of `size` by `size`.
#[task]
pub fn mandelbrot(size: u32) -> u64 {
    let mut checksum = Checksum::new();
    for row in 0..size {
        for column in 0..size {
            let re = 3.0 * f64::from(column) / f64::from(size) - 2.25;
            let im = 3.0 * f64::from(row) / f64::from(size) - 1.5;
            checksum.add(u64::from(iterations(re, im)));
        }
    }
    checksum.finish()
}

/// How many iterations it takes to leave the circle of radius 2, at most [`MOST`].
fn iterations(re: f64, im: f64) -> u32 {
    let (mut x, mut y) = (0.0, 0.0);
    for count in 0..MOST {
        let (xx, yy) = (x * x, y * y);
        if xx + yy > 4.0 {
            return count;
        }
        y = 2.0 * x * y + im;
        x = xx - yy + re;
    }
    MOST
}

#[cfg(test)]
mod tests {
    use super::{MOST, iterations};

    #[test]
    fn the_origin_stays_and_far_points_leave_at_once() {
        assert_eq!(iterations(0.0, 0.0), MOST);
        assert_eq!(iterations(-1.0, 0.0), MOST);
        assert_eq!(iterations(3.0, 0.0), 1);
        // 0, 1, 2, 5.
        assert_eq!(iterations(1.0, 0.0), 3);
    }
}

//! Calls: of a function by itself, and of functions that are only known when they are called.

use sandpool_guest::task;

use crate::checksum::Checksum;
use crate::random::Random;

/// Computes the Fibonacci number with this index by two recursive calls for each.
#[task]
pub fn recursive_calls(size: u32) -> u64 {
    fibonacci(size)
}

fn fibonacci(index: u32) -> u64 {
    match index {
        0 | 1 => u64::from(index),
        _ => fibonacci(index - 1) + fibonacci(index - 2),
    }
}

/// A step of a computation that is chosen while it runs.
trait Step {
    fn apply(&self, value: u64) -> u64;
}

struct Add(u64);
struct Multiply(u64);
struct Rotate(u32);
struct Mix;

impl Step for Add {
    fn apply(&self, value: u64) -> u64 {
        value.wrapping_add(self.0)
    }
}

impl Step for Multiply {
    fn apply(&self, value: u64) -> u64 {
        value.wrapping_mul(self.0)
    }
}

impl Step for Rotate {
    fn apply(&self, value: u64) -> u64 {
        value.rotate_left(self.0)
    }
}

impl Step for Mix {
    fn apply(&self, value: u64) -> u64 {
        value ^ (value >> 29)
    }
}

/// Calls methods of 1000 objects of four types in no order, `size` times.
#[task]
pub fn indirect_calls(size: u32) -> u64 {
    let mut random = Random::new(12);
    let steps: Vec<Box<dyn Step>> = (0..1000)
        .map(|_| -> Box<dyn Step> {
            match random.below(4) {
                0 => Box::new(Add(random.next())),
                1 => Box::new(Multiply(random.next() | 1)),
                2 => Box::new(Rotate(1 + random.below(63))),
                _ => Box::new(Mix),
            }
        })
        .collect();
    let mut checksum = Checksum::new();
    let mut value = 1;
    for _ in 0..size {
        value = steps.iter().fold(value, |value, step| step.apply(value));
        checksum.add(value);
    }
    checksum.finish()
}

#[cfg(test)]
mod tests {
    use super::{Add, Mix, Multiply, Rotate, Step, recursive_calls};

    #[test]
    fn the_twentieth_fibonacci_number_is_6765() {
        assert_eq!([0, 1, 2, 3, 20].map(*recursive_calls), [0, 1, 1, 2, 6765]);
    }

    #[test]
    fn each_step_does_something_of_its_own() {
        let steps: [&dyn Step; 4] = [&Add(5), &Multiply(3), &Rotate(4), &Mix];
        assert_eq!(
            steps.map(|step| step.apply(1 << 30)),
            [(1 << 30) + 5, 3 << 30, 1 << 34, (1 << 30) | 2]
        );
    }
}

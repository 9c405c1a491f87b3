//! Five bodies that attract each other: divisions and roots, each waiting for the one before. The
//! bodies and the method are those of the Computer Language Benchmarks Game.

use std::f64::consts::PI;

use sandpool_guest::task;

use crate::checksum::Checksum;

const SOLAR_MASS: f64 = 4.0 * PI * PI;
const DAYS: f64 = 365.24;

#[derive(Clone, Copy)]
struct Body {
    position: [f64; 3],
    velocity: [f64; 3],
    mass: f64,
}

/// Moves the sun and four planets through `size` steps of a hundredth of a year.
#[task]
pub fn n_body(size: u32) -> u64 {
    let mut bodies = solar_system();
    for _ in 0..size {
        advance(&mut bodies, 0.01);
    }
    let mut checksum = Checksum::new();
    for number in bodies
        .iter()
        .flat_map(|body| body.position.into_iter().chain(body.velocity))
    {
        checksum.add_f64(number);
    }
    checksum.add_f64(energy(&bodies));
    checksum.finish()
}

fn advance(bodies: &mut [Body; 5], time: f64) {
    for first in 0..bodies.len() {
        let (left, right) = bodies.split_at_mut(first + 1);
        let one = &mut left[first];
        for other in right {
            let distance = difference(one, other);
            let square = distance.iter().map(|d| d * d).sum::<f64>();
            let force = time / (square * square.sqrt());
            for (axis, distance) in distance.into_iter().enumerate() {
                one.velocity[axis] -= distance * other.mass * force;
                other.velocity[axis] += distance * one.mass * force;
            }
        }
    }
    for body in bodies {
        for axis in 0..3 {
            body.position[axis] += time * body.velocity[axis];
        }
    }
}

fn energy(bodies: &[Body; 5]) -> f64 {
    let mut energy = 0.0;
    for (number, body) in bodies.iter().enumerate() {
        let square = body.velocity.iter().map(|v| v * v).sum::<f64>();
        energy += 0.5 * body.mass * square;
        for other in &bodies[number + 1..] {
            let square = difference(body, other).iter().map(|d| d * d).sum::<f64>();
            energy -= body.mass * other.mass / square.sqrt();
        }
    }
    energy
}

fn difference(one: &Body, other: &Body) -> [f64; 3] {
    std::array::from_fn(|axis| one.position[axis] - other.position[axis])
}

#[expect(clippy::excessive_precision, reason = "as they are published")]
fn solar_system() -> [Body; 5] {
    let planet = |position, velocity: [f64; 3], mass| Body {
        position,
        velocity: velocity.map(|v| v * DAYS),
        mass: mass * SOLAR_MASS,
    };
    let mut bodies = [
        planet([0.0; 3], [0.0; 3], 1.0),
        planet(
            [
                4.84143144246472090e+00,
                -1.16032004402742839e+00,
                -1.03622044471123109e-01,
            ],
            [
                1.66007664274403694e-03,
                7.69901118419740425e-03,
                -6.90460016972063023e-05,
            ],
            9.54791938424326609e-04,
        ),
        planet(
            [
                8.34336671824457987e+00,
                4.12479856412430479e+00,
                -4.03523417114321381e-01,
            ],
            [
                -2.76742510726411862e-03,
                4.99852801234917238e-03,
                2.30417297573763929e-05,
            ],
            2.85885980666130812e-04,
        ),
        planet(
            [
                1.28943695621391310e+01,
                -1.51111514016986312e+01,
                -2.23307578892655734e-01,
            ],
            [
                2.96460137564761618e-03,
                2.37847173959480950e-03,
                -2.96589568540237556e-05,
            ],
            4.36624404335156298e-05,
        ),
        planet(
            [
                1.53796971148509165e+01,
                -2.59193146099879641e+01,
                1.79258772950371181e-01,
            ],
            [
                2.68067772490389322e-03,
                1.62824170038242295e-03,
                -9.51592254519715870e-05,
            ],
            5.15138902046611451e-05,
        ),
    ];
    // The sun moves against all others together.
    for axis in 0..3 {
        let momentum = bodies
            .iter()
            .map(|body| body.velocity[axis] * body.mass)
            .sum::<f64>();
        bodies[0].velocity[axis] = -momentum / SOLAR_MASS;
    }
    bodies
}

#[cfg(test)]
mod tests {
    use super::{advance, energy, solar_system};

    #[test]
    fn the_energy_is_that_of_the_benchmarks_game() {
        // Its expected output for 1000 steps.
        let mut bodies = solar_system();
        assert_eq!(format!("{:.9}", energy(&bodies)), "-0.169075164");
        for _ in 0..1000 {
            advance(&mut bodies, 0.01);
        }
        assert_eq!(format!("{:.9}", energy(&bodies)), "-0.169087605");
    }
}

//! Random bytes for guests.

/// Where random bytes come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Randomness {
    /// From the operating system: nobody can tell them beforehand.
    System,
    /// The same bytes in every sandbox with this number: those of the generator SplitMix64, which begins with
    /// the number, each output in little-endian order. Anybody who knows the number, or has seen eight of the
    /// bytes, can tell all others.
    Seeded(u64),
}

/// What is left of a source of random bytes.
#[derive(Debug)]
pub(crate) enum Generator {
    System,
    Seeded(SplitMix64),
}

impl From<Randomness> for Generator {
    fn from(randomness: Randomness) -> Self {
        match randomness {
            Randomness::System => Self::System,
            Randomness::Seeded(seed) => Self::Seeded(SplitMix64::new(seed)),
        }
    }
}

impl Generator {
    /// Fills the bytes with the next ones.
    ///
    /// # Errors
    ///
    /// The operating system's, if it has none.
    pub(crate) fn fill(&mut self, bytes: &mut [u8]) -> Result<(), getrandom::Error> {
        match self {
            Self::System => getrandom::fill(bytes),
            Self::Seeded(generator) => {
                generator.fill(bytes);
                Ok(())
            }
        }
    }
}

/// Sebastiano Vigna's SplitMix64: <https://prng.di.unimi.it/splitmix64.c>, in the public domain.
#[derive(Debug)]
pub(crate) struct SplitMix64 {
    state: u64,
    /// The bytes of the last output that nobody has had yet, the next one lowest, and their number.
    rest: (u64, usize),
}

impl SplitMix64 {
    fn new(seed: u64) -> Self {
        Self {
            state: seed,
            rest: (0, 0),
        }
    }

    fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn fill(&mut self, bytes: &mut [u8]) {
        const WORD: usize = 8;
        let (number, left) = self.rest;
        let (begun, bytes) = bytes.split_at_mut(left.min(bytes.len()));
        begun.copy_from_slice(&number.to_le_bytes()[..begun.len()]);
        // Fewer than eight: a whole output is not kept.
        self.rest = (number >> (8 * begun.len()), left - begun.len());
        let mut words = bytes.chunks_exact_mut(WORD);
        for word in &mut words {
            word.copy_from_slice(&self.next().to_le_bytes());
        }
        let last = words.into_remainder();
        if !last.is_empty() {
            let number = self.next();
            last.copy_from_slice(&number.to_le_bytes()[..last.len()]);
            self.rest = (number >> (8 * last.len()), WORD - last.len());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::SplitMix64;

    /// The outputs of Vigna's program for the seed 1234567.
    const OUTPUTS: [u64; 3] = [
        6_457_827_717_110_365_317,
        3_203_168_211_198_807_973,
        9_817_491_932_198_370_423,
    ];

    #[test]
    fn the_bytes_are_those_of_the_generator_however_they_are_asked_for() {
        let all: Vec<u8> = OUTPUTS.iter().flat_map(|n| n.to_le_bytes()).collect();
        for parts in [
            &[24][..],
            &[8, 8, 8],
            &[1, 2, 3, 0, 18],
            &[5, 11, 8],
            &[7, 1, 16],
        ] {
            let mut generator = SplitMix64::new(1_234_567);
            let mut bytes = [0; 24];
            let mut rest = &mut bytes[..];
            for part in parts {
                let (now, later) = rest.split_at_mut(*part);
                generator.fill(now);
                rest = later;
            }
            assert_eq!(bytes[..], all, "{parts:?}");
        }
    }
}

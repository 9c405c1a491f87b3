//! Inputs that look random and are the same everywhere.

/// The generator SplitMix64: <https://prng.di.unimi.it/splitmix64.c>.
#[derive(Clone, Debug)]
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// Returns a number below `limit`, which is small beside 2^32.
    pub(crate) fn below(&mut self, limit: u32) -> u32 {
        (((self.next() >> 32) * u64::from(limit)) >> 32) as u32
    }

    /// Returns a number from 0 to 1.
    pub(crate) fn fraction(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// Returns a word of 2 to 9 lower-case letters.
    pub(crate) fn word(&mut self) -> String {
        let letters = 2 + self.below(8);
        let letters = (0..letters).map(|_| char::from(b'a' + self.below(26) as u8));
        letters.collect()
    }

    /// Returns text of about so many bytes: words of which some come often, in lines.
    pub(crate) fn text(&mut self, bytes: usize) -> String {
        const WORDS: usize = 2000;
        let words: Vec<String> = (0..WORDS).map(|_| self.word()).collect();
        let mut text = String::with_capacity(bytes + 16);
        while text.len() < bytes {
            // The product of two prefers the first.
            let place = self.fraction() * self.fraction() * WORDS as f64;
            text.push_str(&words[place as usize]);
            text.push(if self.below(12) == 0 { '\n' } else { ' ' });
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::Random;

    #[test]
    fn the_first_numbers_are_those_of_splitmix64() {
        let mut random = Random::new(1_234_567);
        assert_eq!(
            [random.next(), random.next(), random.next()],
            [
                6_457_827_717_110_365_317,
                3_203_168_211_198_807_973,
                9_817_491_932_198_370_423
            ]
        );
    }

    #[test]
    fn numbers_stay_below_their_limit() {
        let mut random = Random::new(1);
        assert!((0..1000).all(|_| random.below(7) < 7));
        assert!((0..1000).all(|_| (0.0..1.0).contains(&random.fraction())));
    }

    #[test]
    fn text_is_words_and_lines() {
        let text = Random::new(1).text(10_000);
        assert!((10_000..10_016).contains(&text.len()));
        assert!(text.lines().count() > 50 && text.split_whitespace().count() > 1000);
    }
}

//! One number that stands for everything a kernel has computed.

/// FNV-1a with 64 bits, over whole words: cheap beside any kernel, and every value changes it.
/// <http://www.isthe.com/chongo/tech/comp/fnv/>
#[derive(Clone, Copy, Debug)]
pub(crate) struct Checksum(u64);

impl Checksum {
    const BASIS: u64 = 0xcbf2_9ce4_8422_2325;
    const PRIME: u64 = 0x0000_0100_0000_01b3;

    pub(crate) fn new() -> Self {
        Self(Self::BASIS)
    }

    pub(crate) fn add(&mut self, value: u64) {
        self.0 = (self.0 ^ value).wrapping_mul(Self::PRIME);
    }

    /// Adds all bits of a number: for what adds, multiplies, divides and takes roots in a fixed order,
    /// which gives the same everywhere.
    pub(crate) fn add_f64(&mut self, value: f64) {
        self.add(value.to_bits());
    }

    /// Adds a number to so many places behind the point: for what may differ in its last bits, as sines
    /// and sums in another order do.
    pub(crate) fn add_rounded(&mut self, value: f64, places: i32) {
        let scaled = (value * 10f64.powi(places)).round();
        // Not two zeros.
        self.add_f64(scaled + 0.0);
    }

    /// Adds bytes, eight at a time, and their number.
    pub(crate) fn add_bytes(&mut self, bytes: &[u8]) {
        let (words, rest) = bytes.as_chunks::<8>();
        for word in words {
            self.add(u64::from_le_bytes(*word));
        }
        for byte in rest {
            self.add(u64::from(*byte));
        }
        self.add(bytes.len() as u64);
    }

    pub(crate) fn finish(self) -> u64 {
        self.0
    }
}

/// Returns the checksum of bytes.
pub(crate) fn of_bytes(bytes: &[u8]) -> u64 {
    let mut checksum = Checksum::new();
    checksum.add_bytes(bytes);
    checksum.finish()
}

#[cfg(test)]
mod tests {
    use super::{Checksum, of_bytes};

    #[test]
    fn every_byte_and_their_number_count() {
        let sums = [
            &b""[..],
            b"\0",
            b"\0\0",
            b"abcdefgh",
            b"abcdefgi",
            b"abcdefgh1",
            b"abcdefgh2",
        ]
        .map(of_bytes);
        for (number, sum) in sums.iter().enumerate() {
            assert!(!sums[..number].contains(sum), "{number}");
        }
    }

    #[test]
    fn last_bits_do_not_count_where_they_may_differ() {
        let of = |value: f64| {
            let mut checksum = Checksum::new();
            checksum.add_rounded(value, 3);
            checksum.finish()
        };
        assert_eq!(of(0.1 + 0.2), of(0.3));
        assert_eq!(of(-0.000_01), of(0.0));
        assert_ne!(of(0.301), of(0.3));
    }
}

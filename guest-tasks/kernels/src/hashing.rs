//! SHA-256: rotations and additions of 32 bits, with no memory to wait for.

use sandpool_guest::task;
use sha2::{Digest, Sha256};

use crate::checksum;

/// Hashes `size` times 64 KiB, one after the other in one hash.
#[task]
pub fn sha256(size: u32) -> u64 {
    let block: Vec<u8> = (0..65_536_u32).map(|place| (place % 251) as u8).collect();
    checksum::of_bytes(&hash((0..size).map(|_| &*block)))
}

fn hash<'a>(blocks: impl Iterator<Item = &'a [u8]>) -> [u8; 32] {
    let mut hash = Sha256::new();
    blocks.for_each(|block| hash.update(block));
    hash.finalize().into()
}

#[cfg(test)]
mod tests {
    use super::hash;

    #[test]
    fn the_hash_of_abc_is_that_of_the_standard() {
        // FIPS 180-2, appendix B.1.
        let hash = hash([&b"a"[..], b"bc"].into_iter());
        assert_eq!(hash[..8], [0xba, 0x78, 0x16, 0xbf, 0x8f, 0x01, 0xcf, 0xea]);
    }
}

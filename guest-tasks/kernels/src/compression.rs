//! Compression and decompression: bytes found again, copied, and packed into bits.

use sandpool_guest::task;

use crate::checksum::Checksum;
use crate::random::Random;

/// Packs a text of 64 KiB with LZ4 and unpacks it again, `size` times.
///
/// How it is packed is not a part of the checksum: the library finds repetitions by whole words of the
/// machine, so it finds others with 32 bits than with 64.
#[task]
pub fn lz4(size: u32) -> u64 {
    let mut checksum = Checksum::new();
    for text in texts(size) {
        let packed = lz4_flex::compress_prepend_size(&text);
        let unpacked = lz4_flex::decompress_size_prepended(&packed);
        checksum.add_bytes(&unpacked.expect("it was packed just now"));
    }
    checksum.finish()
}

/// Packs a text of 64 KiB with DEFLATE at level 6 and unpacks it again, `size` times.
#[task]
pub fn deflate(size: u32) -> u64 {
    let mut checksum = Checksum::new();
    for text in texts(size) {
        let packed = miniz_oxide::deflate::compress_to_vec(&text, 6);
        let unpacked = miniz_oxide::inflate::decompress_to_vec(&packed);
        checksum.add_bytes(&packed);
        checksum.add_bytes(&unpacked.expect("it was packed just now"));
    }
    checksum.finish()
}

/// So many texts, each different from the one before in a letter.
fn texts(size: u32) -> impl Iterator<Item = Vec<u8>> {
    let mut text = Random::new(10).text(65_536).into_bytes();
    (0..size as usize).map(move |round| {
        let place = round.wrapping_mul(7919) % text.len();
        text[place] = b'#';
        text.clone()
    })
}

#[cfg(test)]
mod tests {
    use super::Random;

    #[test]
    fn what_was_packed_is_smaller_and_comes_back() {
        let text = Random::new(1).text(10_000).into_bytes();
        let packed = lz4_flex::compress_prepend_size(&text);
        assert!(packed.len() < text.len());
        assert_eq!(lz4_flex::decompress_size_prepended(&packed).unwrap(), text);
        let packed = miniz_oxide::deflate::compress_to_vec(&text, 6);
        assert!(packed.len() < text.len() * 3 / 4);
        assert_eq!(
            miniz_oxide::inflate::decompress_to_vec(&packed).unwrap(),
            text
        );
    }
}

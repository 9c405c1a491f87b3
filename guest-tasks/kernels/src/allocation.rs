//! Allocation: pieces of many sizes that come and go in no order.

use sandpool_guest::task;

use crate::checksum::Checksum;
use crate::random::Random;

/// Makes `size` pieces of 1 to 1024 bytes, of which 4096 are kept at a time.
#[task]
pub fn allocation_churn(size: u32) -> u64 {
    const KEPT: u32 = 4096;
    let mut random = Random::new(11);
    let mut kept: Vec<Box<[u8]>> = vec![Box::default(); KEPT as usize];
    let mut checksum = Checksum::new();
    for round in 0..size {
        let place = random.below(KEPT) as usize;
        // Small ones more often.
        let len = 1 + (random.below(1024) & random.below(1024)) as usize;
        let mut piece = Vec::with_capacity(len);
        piece.push(round as u8);
        piece.resize(len, 0);
        let old = std::mem::replace(&mut kept[place], piece.into_boxed_slice());
        checksum.add(old.len() as u64);
        checksum.add(old.first().copied().map_or(0, u64::from));
    }
    for piece in &kept {
        checksum.add_bytes(piece);
    }
    checksum.finish()
}

#[cfg(test)]
mod tests {
    use super::allocation_churn;

    #[test]
    fn every_piece_counts() {
        assert_ne!(allocation_churn(10_000), allocation_churn(10_001));
    }
}

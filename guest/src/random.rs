//! Random bytes.

/// Fills the bytes with random ones.
///
/// A module that calls this is loaded by hosts that grant randomness (`Grants::randomness`), which decide
/// whether it is the operating system's, or the same in every sandbox. Natively it comes from the keys
/// with which the standard library's hash maps begin: good for tests, not for secrets.
pub fn fill(bytes: &mut [u8]) {
    #[cfg(target_family = "wasm")]
    crate::imports::fill(bytes);
    #[cfg(not(target_family = "wasm"))]
    {
        use std::hash::{BuildHasher, RandomState};
        let keys = RandomState::new();
        for (index, part) in bytes.chunks_mut(8).enumerate() {
            let random = keys.hash_one(index).to_le_bytes();
            part.copy_from_slice(&random[..part.len()]);
        }
    }
}

/// Returns a random number, as [`fill`] does.
#[must_use]
pub fn number() -> u64 {
    let mut bytes = [0; 8];
    fill(&mut bytes);
    u64::from_le_bytes(bytes)
}

#[cfg(test)]
mod tests {
    #[test]
    fn natively_too_it_is_not_always_the_same() {
        assert_ne!(super::number(), super::number());
        let mut bytes = [0; 29];
        super::fill(&mut bytes);
        assert!(bytes.iter().any(|byte| *byte != bytes[0]));
    }
}

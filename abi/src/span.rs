//! A piece of guest memory, as a guest returns it from a call.

use std::ops::Range;

/// A pointer into guest memory and a length in bytes, packed in one `u64` (length in the upper
/// half) because Rust's C ABI for wasm returns one value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// Offset of the first byte.
    pub ptr: u32,
    /// Number of bytes.
    pub len: u32,
}

impl Span {
    /// Returns the packed form.
    #[must_use]
    pub const fn to_u64(self) -> u64 {
        (self.len as u64) << 32 | self.ptr as u64
    }

    /// Returns the span that `packed` stands for. Every value is some span; whether it lies in
    /// memory is for [`range`](Self::range) to say.
    #[must_use]
    pub const fn from_u64(packed: u64) -> Self {
        #[expect(
            clippy::cast_possible_truncation,
            reason = "the two halves are taken apart"
        )]
        Self {
            ptr: packed as u32,
            len: (packed >> 32) as u32,
        }
    }

    /// Returns the bytes' range in a memory of `memory_bytes`, or `None` where it is not inside.
    #[must_use]
    pub fn range(self, memory_bytes: usize) -> Option<Range<usize>> {
        let start = usize::try_from(self.ptr).ok()?;
        let end = start.checked_add(usize::try_from(self.len).ok()?)?;
        (end <= memory_bytes).then_some(start..end)
    }
}

#[cfg(test)]
mod tests {
    use super::Span;

    #[test]
    fn packing_keeps_both_halves() {
        for (ptr, len) in [(0, 0), (1, 2), (u32::MAX, 0), (0, u32::MAX), (7, u32::MAX)] {
            let span = Span { ptr, len };
            assert_eq!(Span::from_u64(span.to_u64()), span);
        }
    }

    #[test]
    fn a_range_outside_memory_is_none() {
        let span = |ptr, len| Span { ptr, len };
        assert_eq!(span(0, 10).range(10), Some(0..10));
        assert_eq!(span(10, 0).range(10), Some(10..10));
        assert_eq!(span(1, 10).range(10), None);
        assert_eq!(span(11, 0).range(10), None);
        assert_eq!(span(u32::MAX, u32::MAX).range(10), None);
    }
}

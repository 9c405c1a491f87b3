//! The list of kernels: how much each does in a full run, and what it is there for.

use crate::allocation::allocation_churn;
use crate::calls::{indirect_calls, recursive_calls};
use crate::compression::{deflate, lz4};
use crate::dot::dot_f32;
use crate::fourier::fft;
use crate::hashing::sha256;
use crate::heavy_compute::heavy_compute;
use crate::images::{blur_f32, blur_u8, png_decode};
use crate::json::{json_typed, json_untyped};
use crate::levenshtein::levenshtein;
use crate::mandelbrot::mandelbrot;
use crate::matrices::{matmul_f32, matmul_f64};
use crate::n_body::n_body;
use crate::search::regex_search;
use crate::sieve::sieve;
use crate::sorting::sort;
use crate::trees::ordered_map;
use crate::words::word_count;

/// A kernel.
#[derive(Clone, Copy, Debug)]
pub struct Kernel {
    /// The name of its task.
    pub name: &'static str,
    /// The size of a full run: some tens of milliseconds natively.
    pub size: u32,
    /// What that size is, in words.
    pub amount: &'static str,
    /// What it shows.
    pub why: &'static str,
    /// The function, compiled natively.
    pub native: fn(u32) -> u64,
}

macro_rules! kernels {
    ($($task:ident($size:literal): $amount:literal, $why:literal;)*) => {
        &[$(Kernel {
            name: stringify!($task),
            size: $size,
            amount: $amount,
            why: $why,
            native: |size| $task(size),
        },)*]
    };
}

/// All kernels.
pub const ALL: &[Kernel] = kernels! {
    heavy_compute(10_000_000): "10,000,000 square roots", "the founding note's: plain arithmetic, the same everywhere";
    mandelbrot(1_000): "1000 x 1000 points, up to 50 iterations", "arithmetic in short loops whose end cannot be predicted";
    n_body(500_000): "500,000 steps of 5 bodies", "divisions and roots that wait for each other";
    matmul_f64(512): "two matrices of 512 x 512", "vectors of 128 bits against wider ones, f64";
    matmul_f32(640): "two matrices of 640 x 640", "vectors of 128 bits against wider ones, f32";
    dot_f32(250): "250,000 products of 768 numbers", "a loop so short that every check in it shows";
    fft(20): "40 transforms of 65,536 points", "a library that picks the processor's vectors at run time";
    sieve(10_000_000): "numbers below 10,000,000", "strided writes through megabytes of memory";
    sort(1_000_000): "1,000,000 numbers of 64 bits", "branches that cannot be predicted, memory moved around";
    ordered_map(100_000): "100,000 entries of a BTreeMap", "pointers followed from node to node";
    word_count(50): "50 x 64 KiB of text", "hashing and small allocations";
    levenshtein(4_000): "two texts of 4,000 letters", "steps that each wait for their neighbours";
    regex_search(60): "60 x 64 KiB of text, 3 expressions", "a library at its best with vectors of 256 bits";
    json_typed(60): "60 times 200 orders, read and written", "what services do most: serde into structs";
    json_untyped(40): "40 times 200 orders, read", "trees of small allocations";
    sha256(512): "32 MiB", "rotations and additions; processors have instructions for it, wasm does not";
    lz4(200): "200 x 64 KiB, packed and unpacked", "copies of a few bytes from near and far";
    deflate(20): "20 x 64 KiB, packed and unpacked", "bits and tables";
    png_decode(50): "50 x 256 x 256 pixels", "a parser of hostile files: what sandboxes are for";
    blur_u8(500): "500 x 512 x 512 pixels", "whole numbers of 8 and 16 bits in vectors";
    blur_f32(250): "250 x 512 x 512 pixels", "fractions in vectors";
    allocation_churn(800_000): "800,000 pieces of memory", "the allocator and nothing else";
    recursive_calls(35): "the 35th Fibonacci number", "calls and nothing else";
    indirect_calls(15_000): "15,000,000 calls", "calls through tables, which wasm checks";
};

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::ALL;

    #[test]
    fn no_two_kernels_have_one_name() {
        let names: HashSet<&str> = ALL.iter().map(|kernel| kernel.name).collect();
        assert_eq!(names.len(), ALL.len());
        assert!(ALL.len() >= 20);
    }

    #[test]
    fn every_kernel_gives_the_same_twice_and_something_else_for_another_size() {
        for kernel in ALL {
            let [once, again, other] = [12, 12, 14].map(kernel.native);
            assert_eq!(once, again, "{}", kernel.name);
            assert_ne!(once, other, "{}", kernel.name);
        }
    }
}

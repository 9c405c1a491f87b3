//! Fuzzes `sandpool_tests::fuzzed::arguments`.

#![no_main]

use sandpool_tests::fuzzed::arguments;

libfuzzer_sys::fuzz_target!(
    // A task of each module, which is compiled then: later it would look as if the input took so long.
    init: [0, 5].iter().for_each(|task| arguments(&[*task])),
    |bytes: &[u8]| arguments(bytes)
);

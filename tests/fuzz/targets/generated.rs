//! Fuzzes `sandpool_tests::fuzzed::generated`.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| sandpool_tests::fuzzed::generated(bytes));

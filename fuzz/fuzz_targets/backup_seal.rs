#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| fuzz_targets::backup_seal(input));

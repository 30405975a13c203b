#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| countersign_hostile::claim_auth_key(input));

#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| countersign_hostile::agent_api(input));

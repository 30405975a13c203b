//! How much memory a million live entries take. Alone in its process, whose memory it measures.
#![cfg(all(feature = "mac", target_os = "linux"))]
#![allow(clippy::unwrap_used, clippy::arithmetic_side_effects)]

mod replay_support;

use std::fs;

use replay_support::{Answer, Caller, Random, cache, seen};

#[test]
fn a_million_entries_of_a_thousand_keys_take_at_most_64_bytes_each() {
    const ENTRIES: usize = 1_000_000;
    let callers: Vec<_> = (0..1000)
        .map(|n| Caller::new(&format!("caller-{n}")))
        .collect();
    let cache = cache(ENTRIES);
    let mut random = Random(0x636f_756e_7465_7273);
    let before = resident_bytes();
    for number in 0..ENTRIES {
        let caller = callers
            .get(usize::try_from(random.below(1000)).unwrap())
            .unwrap();
        // In no order: all sets grow together, and what they outgrow lies between them.
        let signed_at = 1000 + i64::try_from(random.below(361)).unwrap();
        let answer = caller.claim(&cache, &number.to_string(), seen(signed_at, 1300));
        assert_eq!(answer, Answer::Accepted);
    }
    let grown = resident_bytes() - before;
    assert_eq!(cache.len(), ENTRIES);
    let tenths = grown * 10 / ENTRIES;
    println!("{}.{} bytes per entry", tenths / 10, tenths % 10);
    assert!(tenths <= 640, "{grown} bytes");
}

fn resident_bytes() -> usize {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status
        .lines()
        .find(|line| line.starts_with("VmRSS:"))
        .unwrap();
    let kilobytes = line.split_whitespace().nth(1).unwrap();
    kilobytes.parse::<usize>().unwrap() * 1024
}

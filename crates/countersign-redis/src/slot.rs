//! The slots of a cluster: CRC-16 (XMODEM) of a key, modulo 16,384.

/// How many there are.
const SLOTS: u16 = 16_384;

/// The slot of a key: of what stands between its first `{` and the next `}`, if that is not empty.
pub(crate) fn of(key: &str) -> u16 {
    let hashed = key
        .split_once('{')
        .and_then(|(_, rest)| rest.split_once('}'))
        .map_or(key, |(tag, _)| if tag.is_empty() { key } else { tag });
    // A divisor that is a constant and not zero.
    #[allow(clippy::arithmetic_side_effects)]
    {
        crc16(hashed.as_bytes()) % SLOTS
    }
}

/// The smallest number that as a tag leads into one of the ranges, both ends included.
pub(crate) fn tag_within(ranges: &[(u16, u16)]) -> Option<u32> {
    (0..TRIALS).find(|number| {
        let slot = of(&number.to_string());
        ranges
            .iter()
            .any(|(first, last)| (*first..=*last).contains(&slot))
    })
}

fn crc16(bytes: &[u8]) -> u16 {
    bytes.iter().fold(0, |crc, byte| {
        (0..8).fold(crc ^ (u16::from(*byte) << 8), |crc, _| {
            let shifted = crc << 1;
            if crc & 0x8000 == 0 {
                shifted
            } else {
                shifted ^ 0x1021
            }
        })
    })
}

/// A node with a single slot is found after 16,384 numbers on average, and missed with a chance
/// of e⁻⁶⁰.
const TRIALS: u32 = 1_000_000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_have_the_slots_that_redis_gives_them() {
        // CLUSTER KEYSLOT
        for (key, slot) in [
            ("123456789", 12_739),
            ("foo", 12_182),
            ("{user1000}.following", 3443),
            ("foo{}{bar}", 8363),
            ("foo{{bar}}zap", 4015),
            ("foo{bar}{zap}", 5061),
        ] {
            assert_eq!(of(key), slot, "{key}");
        }
    }

    #[test]
    fn a_tag_is_found_for_every_range() {
        for range in [(0, 5460), (5461, 10_922), (16_383, 16_383)] {
            let slot = of(&format!("x{{{}}}y", tag_within(&[range]).unwrap()));
            assert!((range.0..=range.1).contains(&slot));
        }
        assert_eq!(tag_within(&[]), None);
    }
}

//! Sets of octets, each as a table: to look one up costs a third of comparing it with ranges.

use std::ops::RangeInclusive;

/// Some of the 256 octets.
pub(crate) struct Octets([bool; 256]);

impl Octets {
    /// Those of all `ranges`.
    #[allow(clippy::indexing_slicing, clippy::arithmetic_side_effects)] // seen by the compiler
    pub(crate) const fn of(ranges: &[RangeInclusive<u8>]) -> Self {
        let mut table = [false; 256];
        let mut range = 0;
        while range < ranges.len() {
            let mut octet = *ranges[range].start() as usize;
            while octet <= *ranges[range].end() as usize {
                table[octet] = true;
                octet += 1;
            }
            range += 1;
        }
        Self(table)
    }

    /// Whether `octet` is one of them.
    #[inline]
    #[allow(clippy::indexing_slicing)] // the table has a place for every octet
    pub(crate) fn contain(&self, octet: u8) -> bool {
        self.0[usize::from(octet)]
    }

    /// Whether all of `text` are. Looks at all of it, which is faster than to stop at the first
    /// that is not.
    #[inline]
    pub(crate) fn contain_all(&self, text: &[u8]) -> bool {
        text.iter()
            .fold(true, |all, &octet| all & self.contain(octet))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ends_of_a_range_belong_to_it() {
        let octets = Octets::of(&[0..=1, b'a'..=b'c', 0xff..=0xff]);
        let found: Vec<u8> = (0..=255).filter(|&octet| octets.contain(octet)).collect();
        assert_eq!(found, [0, 1, b'a', b'b', b'c', 0xff]);
        assert!(octets.contain_all(b"abc") && octets.contain_all(b""));
        assert!(!octets.contain_all(b"abd"));
    }
}

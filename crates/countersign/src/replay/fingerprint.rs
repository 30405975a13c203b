//! What is kept of a request: 128 bits, made with a hash key that nobody outside knows.
//!
//! The upper 48 bits tell the key (and scheme) of the request, the lower 80 everything. So the
//! count of a key can be taken back when a fingerprint is dropped, and no second table has to say
//! whose it was. A collision can only refuse a good request, never accept a replay: at a million
//! requests of one key in one second its chance is below 10⁻¹², and as the hash key is random
//! and secret, it cannot be searched for.
//!
//! Whoever has a key chooses its nonces, which are therefore hashed with `SipHash`. Ids are chosen by
//! the operator, and two that collide only share a quota: for those the fast hash of key tables
//! will do.

use std::hash::{BuildHasher, BuildHasherDefault, Hasher};

use countersign_core::{ConfigError, NonceKey};
use foldhash::SharedSeed;
use foldhash::quality::SeedableRandomState;
use siphasher::sip128::SipHasher13;

/// What stands for a request within its second.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Fingerprint(u128);

impl Fingerprint {
    fn new(whole: u128, KeyTag(tag): KeyTag) -> Self {
        Self(u128::from(tag) << NONCE_BITS.count_ones() | whole & NONCE_BITS)
    }

    /// Whose it is.
    #[allow(clippy::cast_possible_truncation)]
    pub(super) fn key_tag(self) -> KeyTag {
        KeyTag((self.0 >> NONCE_BITS.count_ones()) as u64)
    }

    /// Bits that are evenly distributed and that [`AlreadyHashed`] leaves alone.
    #[allow(clippy::cast_possible_truncation)]
    pub(super) fn selector(self) -> u16 {
        (self.0 >> u64::BITS) as u16
    }
}

/// What stands for a key under a scheme: 48 bits. Two that collide share a quota.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct KeyTag(u64);

impl KeyTag {
    fn of(hash: u64) -> Self {
        Self(hash >> 16)
    }

    /// Bits that are evenly distributed.
    pub(super) fn selector(self) -> u16 {
        let [.., high, low] = self.0.to_be_bytes();
        u16::from_be_bytes([high, low])
    }
}

/// Makes fingerprints; each cache has one with hash keys of its own.
pub(super) struct Fingerprinter {
    whole: SipHasher13,
    keys: SeedableRandomState,
}

impl Fingerprinter {
    /// With hash keys from the operating system.
    pub(super) fn random() -> Result<Self, ConfigError> {
        let seed = u64::from_le_bytes(random()?);
        Ok(Self {
            whole: SipHasher13::new_with_key(&random()?),
            keys: SeedableRandomState::with_seed(seed, SharedSeed::global_random()),
        })
    }

    pub(super) fn of(&self, nonce: &NonceKey<'_>) -> Fingerprint {
        let mut key = self.keys.build_hasher();
        key.write(nonce.scheme().name().as_bytes());
        key.write(nonce.key_id().as_bytes());
        let whole = nonce.with_bytes(|bytes| self.whole.hash(bytes));
        Fingerprint::new(whole.as_u128(), KeyTag::of(key.finish()))
    }
}

/// For sets and maps of what is a hash already.
pub(super) type AlreadyHashed = BuildHasherDefault<Unhashed>;

/// Passes bits on. A table places by the lowest bits of a hash and compares the highest seven.
#[derive(Debug, Default)]
pub(super) struct Unhashed(u64);

impl Hasher for Unhashed {
    #[allow(clippy::cast_possible_truncation)]
    fn write_u128(&mut self, fingerprint: u128) {
        self.0 = fingerprint as u64;
    }

    fn write_u64(&mut self, key_tag: u64) {
        // The highest bits of a tag are empty, the lowest select a shard.
        self.0 = key_tag.swap_bytes() ^ (key_tag >> 24);
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(*byte);
        }
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

fn random<const N: usize>() -> Result<[u8; N], ConfigError> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(|error| {
        ConfigError::new(
            "replay cache hash key",
            error.to_string(),
            "the operating system must give random bytes, as getrandom(2) does",
        )
    })?;
    Ok(bytes)
}

/// The bits of a fingerprint that depend on the nonce.
const NONCE_BITS: u128 = (1 << 80) - 1;

#[cfg(test)]
impl Fingerprint {
    /// Of request `nonce` by `key`, spread as a hash would be.
    pub(super) fn numbered(key: u64, nonce: u64) -> Self {
        let spread = |number: u64| SipHasher13::new().hash(&number.to_le_bytes()).as_u128();
        #[allow(clippy::cast_possible_truncation)]
        let tag = KeyTag::of(spread(key) as u64);
        Self::new(spread(nonce), tag)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use countersign_core::{KeyId, NonceCase, SchemeId};

    use super::*;

    #[test]
    fn the_tag_of_a_key_is_the_same_in_all_its_fingerprints() {
        let [one, two] = [1, 2].map(|nonce| Fingerprint::numbered(7, nonce));
        assert_ne!(one, two);
        assert_eq!(one.key_tag(), two.key_tag());
        assert_ne!(one.key_tag(), Fingerprint::numbered(8, 1).key_tag());
    }

    #[test]
    fn the_tag_tells_the_key_and_the_rest_the_nonce() {
        let fingerprinter = Fingerprinter::random().unwrap();
        let of = |id: &[u8], nonce| {
            let id = KeyId::parse(id).unwrap();
            fingerprinter.of(&NonceKey::new(SchemeId::MAC, id, nonce, NonceCase::Exact))
        };
        let one = of(b"id", b"nonce");
        assert_eq!(one, of(b"id", b"nonce"));
        assert_ne!(one, of(b"id", b"other"));
        assert_eq!(one.key_tag(), of(b"id", b"other").key_tag());
        assert_ne!(one.key_tag(), of(b"di", b"nonce").key_tag());
    }

    #[test]
    fn both_ends_of_the_hash_of_a_tag_vary() {
        let hashes: Vec<u64> = (0..1000)
            .map(|key| {
                let mut hasher = Unhashed::default();
                hasher.write_u64(Fingerprint::numbered(key, 0).key_tag().0);
                hasher.finish()
            })
            .collect();
        let distinct = |bits: fn(&u64) -> u64| hashes.iter().map(bits).collect::<HashSet<_>>();
        assert_eq!(distinct(|hash| hash >> 57).len(), 128);
        assert_eq!(distinct(|hash| hash & 0x7f).len(), 128);
    }

    #[test]
    fn the_selector_does_not_decide_the_place_in_a_table() {
        let fingerprint = Fingerprint(0xabcd << 64 | 0x1234);
        assert_eq!(fingerprint.selector(), 0xabcd);
        let mut hasher = Unhashed::default();
        hasher.write_u128(fingerprint.0);
        assert_eq!(hasher.finish(), 0x1234);
    }
}

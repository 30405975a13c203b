//! Keys in memory, found by id.
//!
//! Invariant: no two ids of a table have the same secret. No scheme signs the id, so a request
//! signed for one of them would verify, and could be replayed, under the other.
//!
//! An id that is not there costs as much as one that is: the keys of another are looked at instead.

use std::collections::BTreeMap;
use std::hash::BuildHasher as _;
use std::hint::black_box;

use countersign_core::{ConfigError, KeySet, SigningKey};
use foldhash::fast::RandomState;
use hashbrown::HashTable;

/// Any number of keys; those with one id form its [`KeySet`].
///
/// The hash is one that only whoever chooses the ids could make collide, which is the operator:
/// requests look for ids and add none. With it, and ids as octets, a key is found in 63 ns; with
/// `SipHash` and ids as text it took 119.
pub(super) struct KeyTable<P> {
    /// Found by the id that each set holds itself. With a copy of the id in the table, a request
    /// would wait for both of them to come from memory.
    sets: HashTable<KeySet<P>>,
    hashing: RandomState,
    /// What is looked at when an id is not there.
    stand_in: Option<KeySet<P>>,
    keys: usize,
}

impl<P> KeyTable<P> {
    pub(super) fn empty() -> Self {
        Self {
            sets: HashTable::new(),
            hashing: RandomState::default(),
            stand_in: None,
            keys: 0,
        }
    }

    /// The keys of one id keep the order in which they are given.
    ///
    /// # Errors
    /// When an id has more keys than a set holds, or two ids have the same secret.
    pub(super) fn build(
        keys: impl IntoIterator<Item = SigningKey<P>>,
    ) -> Result<Self, ConfigError> {
        // Ordered, so that of several mistakes the same one is reported every time.
        let mut by_id = BTreeMap::<Box<str>, Vec<SigningKey<P>>>::new();
        for key in keys {
            by_id.entry(key.id().into()).or_default().push(key);
        }
        refuse_shared_secrets(by_id.values().flatten())?;
        let keys = by_id.values().map(Vec::len).sum();
        let hashing = RandomState::default();
        let hash = |set: &KeySet<P>| hashing.hash_one(set.id_bytes());
        let mut sets = HashTable::with_capacity(by_id.len());
        for keys in by_id.into_values() {
            let set = KeySet::new(keys)?;
            sets.insert_unique(hash(&set), set, hash);
        }
        let stand_in = sets.iter().next().cloned();
        Ok(Self {
            sets,
            hashing,
            stand_in,
            keys,
        })
    }

    pub(super) fn find(&self, id: &[u8]) -> Option<KeySet<P>> {
        let is_it = |set: &KeySet<P>| set.id_bytes() == id;
        let found = self.sets.find(self.hashing.hash_one(id), is_it);
        if found.is_none()
            && let Some(other) = &self.stand_in
        {
            black_box(is_it(other));
            black_box(other.clone());
        }
        found.cloned()
    }

    /// The number of keys, all ids together.
    pub(super) fn len(&self) -> usize {
        self.keys
    }
}

/// Sorts references, so that no further copy of a secret comes into being.
fn refuse_shared_secrets<'k, P: 'k>(
    keys: impl Iterator<Item = &'k SigningKey<P>>,
) -> Result<(), ConfigError> {
    let mut secrets: Vec<_> = keys
        .map(|key| (key.secret().expose(), key.public_id()))
        .collect();
    secrets.sort_unstable();
    let shared = secrets.windows(2).find_map(|pair| match pair {
        [(one, first), (other, second)] if one == other && first != second => Some((first, second)),
        _ => None,
    });
    match shared {
        None => Ok(()),
        Some((first, second)) => Err(ConfigError::new(
            format!("secret of the keys {first:?} and {second:?}"),
            "one secret for both",
            "give every id its own; ids are not signed, so one could stand in for the other",
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keys::testing::key;

    #[test]
    fn keys_of_one_id_keep_their_order() {
        let table = KeyTable::build([
            key("a", "new secret of a, long"),
            key("b", "only secret of b, long"),
            key("a", "old secret of a, long"),
        ])
        .unwrap();
        let set = table.find(b"a").unwrap();
        let secrets: Vec<_> = set.keys().iter().map(|k| k.secret().expose()).collect();
        assert_eq!(
            secrets,
            [&b"new secret of a, long"[..], b"old secret of a, long"]
        );
        assert_eq!(table.len(), 3);
    }

    #[test]
    fn bad_45_ids_are_found_byte_for_byte() {
        let table = KeyTable::build([key("Key-A", "a secret of enough bytes")]).unwrap();
        for other in ["key-a", "Key-A ", "Key-%41", "Key-\u{391}", "Key-A\0", ""] {
            assert!(table.find(other.as_bytes()).is_none(), "{other:?}");
        }
        assert!(table.find(b"Key-A").is_some());
    }

    #[test]
    fn bad_53_one_secret_under_two_ids_is_refused_without_showing_it() {
        let error = KeyTable::build([
            key("b", "correct horse battery"),
            key("c", "some other long secret"),
            key("a", "correct horse battery"),
        ]);
        let error = error.err().unwrap().to_string();
        assert!(error.contains(r#""a" and "b""#), "{error}");
        assert!(!error.contains("horse"), "{error}");
    }

    #[test]
    fn one_id_may_have_a_secret_twice() {
        // Under two pins, for instance.
        let keys = ["a", "a"].map(|id| key(id, "correct horse battery"));
        assert!(KeyTable::build(keys).is_ok());
    }

    #[test]
    fn a_fifth_key_of_one_id_is_refused() {
        let keys = |count: usize| (0..count).map(|n| key("a", &format!("secret number {n}, long")));
        assert!(KeyTable::build(keys(4)).is_ok());
        let error = KeyTable::build(keys(5)).err().unwrap().to_string();
        assert!(
            error.contains(r#""a""#) && error.contains("at most 4"),
            "{error}"
        );
    }
}

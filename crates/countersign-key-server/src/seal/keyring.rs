//! The keys that are kept in the store, sealed by the master key.

use std::fmt;

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;
use subtle::ConstantTimeEq as _;
use zeroize::Zeroizing;

use super::MasterKey;
use super::cipher::{CipherKey, KEY_LEN, framed};
use crate::credential::{CredentialId, Principal};
use crate::store::EntryId;

/// What a sealed keyring opens for, and its format.
const KEYRING_AAD: &[u8] = b"countersign keyring v1";

/// What a sealed secret opens for, besides its credential, and its format.
const SECRET_AAD: &[u8] = b"countersign secret v1";

/// What a sealed entry opens for, besides its place, and its format.
const ENTRY_AAD: &[u8] = b"countersign entry v1";

/// How handles of `basic` credentials begin. No id of another scheme does: those are hexadecimal
/// digits or 8 characters long.
const HANDLE_PREFIX: &str = "basic-";

/// A number that tells data keys apart: the first is 1.
type KeyNumber = u32;

/// The bytes of a [`KeyNumber`], which stand before everything that was sealed.
const NUMBER_LEN: usize = 4;

/// The bytes of the mark that [`Keyring::mark`] makes.
pub const MARK_LEN: usize = 16;

/// A secret as a store keeps it: it opens with the keyring and for its credential only.
#[derive(Clone, PartialEq, Eq)]
pub struct Sealed(Box<[u8]>);

impl Sealed {
    /// What a store has kept.
    pub fn from_bytes(bytes: impl Into<Box<[u8]>>) -> Self {
        Self(bytes.into())
    }

    /// What a store is to keep.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    fn number(&self) -> Option<KeyNumber> {
        let number = self.0.first_chunk::<NUMBER_LEN>()?;
        Some(KeyNumber::from_be_bytes(*number))
    }
}

impl fmt::Debug for Sealed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Sealed({} bytes)", self.0.len())
    }
}

/// The data keys of a store, the newest of which seals, and a key for handles and marks.
#[derive(Clone)]
pub struct Keyring {
    /// From the oldest to the newest, numbered from 1.
    data_keys: Vec<CipherKey>,
    mark_key: CipherKey,
}

impl Keyring {
    /// A keyring with one data key.
    ///
    /// # Errors
    /// When the operating system has no random numbers.
    pub fn generate() -> Result<Self, getrandom::Error> {
        Ok(Self {
            data_keys: vec![CipherKey::random()?],
            mark_key: CipherKey::random()?,
        })
    }

    /// This keyring with one more data key, which seals from now on.
    ///
    /// # Errors
    /// When the operating system has no random numbers.
    pub fn rekeyed(&self) -> Result<Self, getrandom::Error> {
        let mut next = self.clone();
        next.data_keys.push(CipherKey::random()?);
        Ok(next)
    }

    /// The keyring as a store keeps it.
    ///
    /// # Errors
    /// When the operating system has no random numbers.
    pub fn to_bytes(&self, master: &MasterKey) -> Result<Vec<u8>, getrandom::Error> {
        let mut plain = Zeroizing::new(Vec::with_capacity(KEY_LEN.saturating_mul(8)));
        plain.extend_from_slice(self.mark_key.expose());
        for key in &self.data_keys {
            plain.extend_from_slice(key.expose());
        }
        master.0.seal(KEYRING_AAD, &plain)
    }

    /// The keyring that a store has kept.
    ///
    /// # Errors
    /// When `master` does not open it: it is another store's key, or the bytes were changed.
    pub fn from_bytes(bytes: &[u8], master: &MasterKey) -> Result<Self, KeyringError> {
        let plain = master.0.open(KEYRING_AAD, bytes).ok_or(KeyringError)?;
        let mut keys = plain.chunks(KEY_LEN).map(CipherKey::from_slice);
        let mark_key = keys.next().flatten().ok_or(KeyringError)?;
        let data_keys: Option<Vec<_>> = keys.collect();
        match data_keys {
            Some(data_keys) if !data_keys.is_empty() => Ok(Self {
                data_keys,
                mark_key,
            }),
            _ => Err(KeyringError),
        }
    }

    /// Seals `secret` for the credential `id` of `principal`.
    ///
    /// # Errors
    /// When the operating system has no random numbers.
    pub fn seal(
        &self,
        id: &CredentialId,
        principal: &Principal,
        secret: &[u8],
    ) -> Result<Sealed, getrandom::Error> {
        self.seal_for(SECRET_AAD, &of_credential(id, principal), secret)
    }

    /// Opens what was sealed for the credential `id` of `principal`.
    ///
    /// # Errors
    /// When it was sealed with a data key that is not in this keyring, for another credential, or
    /// was changed.
    pub fn open(
        &self,
        id: &CredentialId,
        principal: &Principal,
        sealed: &Sealed,
    ) -> Result<Zeroizing<Vec<u8>>, UnsealError> {
        self.open_for(SECRET_AAD, &of_credential(id, principal), sealed)
    }

    /// Seals what the entry `id` says.
    ///
    /// # Errors
    /// When the operating system has no random numbers.
    pub fn seal_entry(&self, id: &EntryId, plain: &[u8]) -> Result<Sealed, getrandom::Error> {
        self.seal_for(ENTRY_AAD, &of_entry(id), plain)
    }

    /// Opens what the entry `id` says.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub fn open_entry(
        &self,
        id: &EntryId,
        sealed: &Sealed,
    ) -> Result<Zeroizing<Vec<u8>>, UnsealError> {
        self.open_for(ENTRY_AAD, &of_entry(id), sealed)
    }

    fn seal_for(
        &self,
        format: &[u8],
        place: &[&[u8]],
        plain: &[u8],
    ) -> Result<Sealed, getrandom::Error> {
        let Some(key) = self.data_keys.last() else {
            return Err(getrandom::Error::UNEXPECTED); // a keyring is never empty
        };
        let number = self.newest().to_be_bytes();
        let aad = framed(&[&[format, &number], place].concat());
        let sealed = key.seal(&aad, plain)?;
        Ok(Sealed([&number[..], &sealed].concat().into()))
    }

    fn open_for(
        &self,
        format: &[u8],
        place: &[&[u8]],
        sealed: &Sealed,
    ) -> Result<Zeroizing<Vec<u8>>, UnsealError> {
        let number = sealed.number().ok_or(UnsealError::Damaged)?;
        let key = usize::try_from(number)
            .ok()
            .and_then(|number| number.checked_sub(1))
            .and_then(|index| self.data_keys.get(index))
            .ok_or(UnsealError::UnknownKey)?;
        let text = sealed.0.get(NUMBER_LEN..).unwrap_or_default();
        let aad = framed(&[&[format, &number.to_be_bytes()], place].concat());
        key.open(&aad, text).ok_or(UnsealError::Damaged)
    }

    /// Whether `sealed` was sealed with the key that seals now.
    pub fn is_current(&self, sealed: &Sealed) -> bool {
        sealed.number() == Some(self.newest())
    }

    /// What a `basic` credential is stored under: its api key is a secret and must not be, so it
    /// is a keyed hash of it.
    pub fn handle_of(&self, api_key: &str) -> CredentialId {
        let mark = self.mark(&[b"handle", api_key.as_bytes()]);
        let mut handle = String::from(HANDLE_PREFIX);
        for byte in mark {
            handle.push(char::from_digit(u32::from(byte >> 4), 16).unwrap_or('0'));
            handle.push(char::from_digit(u32::from(byte & 15), 16).unwrap_or('0'));
        }
        CredentialId::already_checked(handle)
    }

    /// Whether `id` is a handle.
    pub fn is_handle(id: &CredentialId) -> bool {
        id.as_str().starts_with(HANDLE_PREFIX)
    }

    /// A keyed hash of `parts`, which nobody without the keyring can make: for page cursors too.
    pub fn mark(&self, parts: &[&[u8]]) -> [u8; MARK_LEN] {
        let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(self.mark_key.expose()) else {
            unreachable!() // HMAC takes a key of any length
        };
        mac.update(&framed(parts));
        let whole = mac.finalize().into_bytes();
        whole.first_chunk().copied().unwrap_or_default()
    }

    /// Whether `mark` is the one of `parts`: constant time in its bytes.
    pub fn is_mark_of(&self, parts: &[&[u8]], mark: &[u8]) -> bool {
        self.mark(parts).ct_eq(mark).into()
    }

    fn newest(&self) -> KeyNumber {
        KeyNumber::try_from(self.data_keys.len()).unwrap_or(KeyNumber::MAX)
    }
}

impl fmt::Debug for Keyring {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Keyring({} data keys, ***)", self.data_keys.len())
    }
}

/// What a sealed secret belongs to.
fn of_credential<'a>(id: &'a CredentialId, principal: &'a Principal) -> [&'a [u8]; 2] {
    [id.as_str().as_bytes(), principal.as_str().as_bytes()]
}

/// What a sealed entry belongs to.
fn of_entry(id: &EntryId) -> [&[u8]; 3] {
    [
        id.kind.name().as_bytes(),
        id.owner.as_bytes(),
        id.name.as_bytes(),
    ]
}

/// The master key does not open the keyring.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeyringError;

impl fmt::Display for KeyringError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(
            "the master key does not open this store: it belongs to another one, or the store was \
             re-keyed since; give the file with the right key",
        )
    }
}

impl std::error::Error for KeyringError {}

/// A secret cannot be opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum UnsealError {
    /// It was sealed with a data key that this keyring does not have: the store was re-keyed.
    UnknownKey,
    /// It was changed, or belongs to another credential.
    Damaged,
}

impl fmt::Display for UnsealError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::UnknownKey => {
                "the secret was sealed with a newer key: the store was re-keyed, so start the \
                 server again with the new master key"
            }
            Self::Damaged => {
                "the secret does not open: its record was changed outside of the server; restore \
                 it from a backup"
            }
        })
    }
}

impl std::error::Error for UnsealError {}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(text: &str) -> CredentialId {
        CredentialId::parse(text).unwrap()
    }

    fn principal(text: &str) -> Principal {
        Principal::parse(text).unwrap()
    }

    #[test]
    fn a_secret_opens_for_its_credential_only() {
        let ring = Keyring::generate().unwrap();
        let sealed = ring.seal(&id("a"), &principal("dave"), b"secret").unwrap();
        let open = |a: &str, p: &str| ring.open(&id(a), &principal(p), &sealed);
        assert_eq!(**open("a", "dave").unwrap(), *b"secret");
        for (a, p) in [("b", "dave"), ("a", "eve"), ("ad", "ave")] {
            assert_eq!(open(a, p), Err(UnsealError::Damaged), "{a} {p}");
        }
    }

    #[test]
    fn every_changed_bit_and_every_shorter_prefix_is_refused() {
        let ring = Keyring::generate().unwrap();
        let sealed = ring.seal(&id("a"), &principal("p"), b"secret").unwrap();
        for bit in 0..sealed.as_bytes().len() * 8 {
            let mut bytes = sealed.as_bytes().to_vec();
            bytes[bit / 8] ^= 1 << (bit % 8);
            let changed = Sealed::from_bytes(bytes);
            assert!(
                ring.open(&id("a"), &principal("p"), &changed).is_err(),
                "bit {bit}"
            );
        }
        for len in 0..sealed.as_bytes().len() {
            let shorter = Sealed::from_bytes(&sealed.as_bytes()[..len]);
            assert!(
                ring.open(&id("a"), &principal("p"), &shorter).is_err(),
                "{len} bytes"
            );
        }
    }

    #[test]
    fn one_secret_sealed_twice_is_two_texts() {
        let ring = Keyring::generate().unwrap();
        let seal = || ring.seal(&id("a"), &principal("p"), b"secret").unwrap();
        assert_ne!(seal(), seal());
    }

    #[test]
    fn bad_222_a_keyring_opens_with_its_master_key_only() {
        let (master, other) = (
            MasterKey::generate().unwrap(),
            MasterKey::generate().unwrap(),
        );
        let ring = Keyring::generate().unwrap();
        let sealed = ring.seal(&id("a"), &principal("p"), b"secret").unwrap();
        let kept = ring.to_bytes(&master).unwrap();
        let back = Keyring::from_bytes(&kept, &master).unwrap();
        assert_eq!(
            **back.open(&id("a"), &principal("p"), &sealed).unwrap(),
            *b"secret"
        );
        assert_eq!(back.handle_of("key"), ring.handle_of("key"));
        assert!(Keyring::from_bytes(&kept, &other).is_err());
        assert!(Keyring::from_bytes(&kept[1..], &master).is_err());
    }

    #[test]
    fn a_rekeyed_ring_opens_the_old_and_an_old_ring_says_why_it_cannot_open_the_new() {
        let old = Keyring::generate().unwrap();
        let new = old.rekeyed().unwrap();
        let seal = |ring: &Keyring| ring.seal(&id("a"), &principal("p"), b"secret").unwrap();
        let (by_old, by_new) = (seal(&old), seal(&new));
        assert!(new.open(&id("a"), &principal("p"), &by_old).is_ok());
        assert!(!new.is_current(&by_old) && new.is_current(&by_new));
        let refused = old.open(&id("a"), &principal("p"), &by_new);
        assert_eq!(refused, Err(UnsealError::UnknownKey));
    }

    #[test]
    fn a_handle_tells_nothing_of_the_api_key_and_is_told_from_other_ids() {
        let ring = Keyring::generate().unwrap();
        let handle = ring.handle_of("983f8dd10d3b4519a18632d8df6f998d");
        assert!(
            Keyring::is_handle(&handle) && handle.as_str().len() == 38,
            "{handle}"
        );
        assert!(!Keyring::is_handle(&id("983f8dd10d3b4519a18632d8df6f998d")));
        assert_ne!(
            handle,
            Keyring::generate()
                .unwrap()
                .handle_of("983f8dd10d3b4519a18632d8df6f998d")
        );
    }

    #[test]
    fn nothing_shows_a_key() {
        let (master, ring) = (MasterKey::generate().unwrap(), Keyring::generate().unwrap());
        let shown = format!("{master:?} {ring:?}");
        assert_eq!(shown, "MasterKey(***) Keyring(1 data keys, ***)");
    }
}

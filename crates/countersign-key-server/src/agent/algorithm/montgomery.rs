//! X25519 and X448 (RFC 7748). The private key is 32 or 56 random bytes, clamped when used.
//!
//! A peer's key of low order would make the shared secret zero whatever the private key is, so an
//! agreement that comes to zero is refused (RFC 7748, section 6): the caller could not tell.

use zeroize::Zeroizing;

use super::key_pair::seed;
use super::{AlgorithmError, Facts, Implementation, KeyPair};

pub(super) const X25519: Implementation = Implementation {
    local_name: "x25519",
    facts: Facts {
        security_strength: 128,
        ..FACTS
    },
    generate: generate_x25519,
    sign: None,
    agree: Some(agree_x25519),
};

pub(super) const X448: Implementation = Implementation {
    local_name: "x448",
    facts: Facts {
        security_strength: 224,
        ..FACTS
    },
    generate: generate_x448,
    sign: None,
    agree: Some(agree_x448),
};

const FACTS: Facts = Facts {
    security_strength: 0,
    safe: true,
    slow: false,
    pqc: false,
    score: 3,
    supports_signatures: false,
};

/// The bytes of a private key, a public key and a shared secret of X25519.
const X25519_LEN: usize = 32;
/// The same of X448.
const X448_LEN: usize = 56;

fn generate_x25519() -> Result<KeyPair, AlgorithmError> {
    let seed = seed::<X25519_LEN>()?;
    let key = x25519_dalek::StaticSecret::from(*seed);
    Ok(KeyPair {
        public: x25519_dalek::PublicKey::from(&key).as_bytes().to_vec(),
        private: Zeroizing::new(seed.to_vec()),
    })
}

fn agree_x25519(private: &[u8], peer: &[u8]) -> Result<Zeroizing<Vec<u8>>, AlgorithmError> {
    let key = x25519_dalek::StaticSecret::from(*scalar::<X25519_LEN>(private)?);
    let peer: [u8; X25519_LEN] = peer
        .try_into()
        .map_err(|_| AlgorithmError::InvalidPublicKey)?;
    let shared = key.diffie_hellman(&peer.into());
    contributory(shared.as_bytes())
}

fn generate_x448() -> Result<KeyPair, AlgorithmError> {
    let seed = seed::<X448_LEN>()?;
    let key = x448::StaticSecret::from(*seed);
    Ok(KeyPair {
        public: x448::PublicKey::from(&key).as_bytes().to_vec(),
        private: Zeroizing::new(seed.to_vec()),
    })
}

fn agree_x448(private: &[u8], peer: &[u8]) -> Result<Zeroizing<Vec<u8>>, AlgorithmError> {
    let key = x448::StaticSecret::from(*scalar::<X448_LEN>(private)?);
    let peer = x448::PublicKey::from_bytes(peer).ok_or(AlgorithmError::InvalidPublicKey)?;
    let shared = key.diffie_hellman(&peer);
    contributory(shared.as_bytes())
}

fn scalar<const N: usize>(private: &[u8]) -> Result<&[u8; N], AlgorithmError> {
    private.try_into().map_err(|_| AlgorithmError::Damaged)
}

/// The shared secret, if the peer's key contributed to it.
fn contributory(shared: &[u8]) -> Result<Zeroizing<Vec<u8>>, AlgorithmError> {
    // All bytes are looked at, so that the time it takes says nothing about them.
    if shared.iter().fold(0, |bits, byte| bits | byte) == 0 {
        return Err(AlgorithmError::InvalidPublicKey);
    }
    Ok(Zeroizing::new(shared.to_vec()))
}

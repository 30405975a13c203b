//! Ed25519 and Ed448 (RFC 8032): pure, without a context. Deterministic. The private key is the
//! seed, from which everything else is derived.

use ed25519_dalek::Signer as _;
use zeroize::Zeroizing;

use super::key_pair::seed;
use super::{AlgorithmError, Facts, Implementation, KeyPair};

pub(super) const ED25519: Implementation = Implementation {
    local_name: "ed25519",
    facts: Facts {
        security_strength: 128,
        ..FACTS
    },
    generate: generate_ed25519,
    sign: Some(sign_ed25519),
    agree: None,
};

pub(super) const ED448: Implementation = Implementation {
    local_name: "ed448",
    facts: Facts {
        security_strength: 224,
        ..FACTS
    },
    generate: generate_ed448,
    sign: Some(sign_ed448),
    agree: None,
};

const FACTS: Facts = Facts {
    security_strength: 0,
    safe: true,
    slow: false,
    pqc: false,
    score: 4,
    supports_signatures: true,
};

fn generate_ed25519() -> Result<KeyPair, AlgorithmError> {
    let seed = seed::<{ ed25519_dalek::SECRET_KEY_LENGTH }>()?;
    let key = ed25519_key(&*seed)?;
    Ok(KeyPair {
        public: key.verifying_key().as_bytes().to_vec(),
        private: Zeroizing::new(seed.to_vec()),
    })
}

fn sign_ed25519(private: &[u8], data: &[u8]) -> Result<Vec<u8>, AlgorithmError> {
    Ok(ed25519_key(private)?.sign(data).to_bytes().to_vec())
}

fn ed25519_key(seed: &[u8]) -> Result<ed25519_dalek::SigningKey, AlgorithmError> {
    seed.try_into().map_err(|_| AlgorithmError::Damaged)
}

fn generate_ed448() -> Result<KeyPair, AlgorithmError> {
    let seed = seed::<{ ed448_goldilocks::SECRET_KEY_LENGTH }>()?;
    let key = ed448_key(&*seed)?;
    Ok(KeyPair {
        public: key.verifying_key().as_bytes().to_vec(),
        private: Zeroizing::new(seed.to_vec()),
    })
}

fn sign_ed448(private: &[u8], data: &[u8]) -> Result<Vec<u8>, AlgorithmError> {
    Ok(ed448_key(private)?.sign_raw(data).to_bytes().to_vec())
}

fn ed448_key(seed: &[u8]) -> Result<ed448_goldilocks::SigningKey, AlgorithmError> {
    seed.try_into().map_err(|_| AlgorithmError::Damaged)
}

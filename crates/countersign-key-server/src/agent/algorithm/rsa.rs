//! RSASSA-PSS (RFC 8017) with SHA-256, MGF1 with SHA-256 and a salt of 32 bytes, as the original
//! signs. The private key is the DER `RSAPrivateKey` of PKCS #1, the public key the DER
//! `SubjectPublicKeyInfo` with the algorithm `rsaEncryption`.
//!
//! The private operation is blinded. There is no decryption here, so no padding to tell about.

use ::rsa::PrivateKey;
use ::rsa::pkcs1::{DecodeRsaPrivateKey as _, EncodeRsaPrivateKey as _};
use ::rsa::pkcs8::EncodePublicKey as _;
use ::rsa::pss::SigningKey;
use ::rsa::signature::{RandomizedSigner as _, SignatureEncoding as _};
use getrandom::SysRng;
use sha2::Sha256;

use super::{AlgorithmError, Facts, Implementation, KeyPair};

pub(super) const RSA: Implementation = Implementation {
    local_name: "rsa",
    facts: Facts {
        security_strength: 128,
        safe: true,
        slow: true,
        pqc: false,
        score: 2,
        supports_signatures: true,
    },
    generate,
    sign: Some(sign),
    agree: None,
};

/// The bits of a new key: what SP 800-57 asks for a strength of 128 bits.
const KEY_BITS: usize = 3072;

/// The bytes of the salt of a signature.
const SALT_LEN: usize = 32;

fn generate() -> Result<KeyPair, AlgorithmError> {
    // Of what can fail, only the random numbers can fail at this size.
    let key =
        PrivateKey::new(&mut SysRng, KEY_BITS).map_err(|_| AlgorithmError::NoRandomNumbers)?;
    let public = key.to_public_key().to_public_key_der();
    let private = key.to_pkcs1_der();
    Ok(KeyPair {
        public: public.map_err(|_| AlgorithmError::Damaged)?.into_vec(),
        private: private.map_err(|_| AlgorithmError::Damaged)?.to_bytes(),
    })
}

fn sign(private: &[u8], data: &[u8]) -> Result<Vec<u8>, AlgorithmError> {
    let key = PrivateKey::from_pkcs1_der(private).map_err(|_| AlgorithmError::Damaged)?;
    let key = SigningKey::<Sha256>::new_with_salt_len(key, SALT_LEN);
    let signature = key
        .try_sign_with_rng(&mut SysRng, data)
        .map_err(|_| AlgorithmError::NoRandomNumbers)?;
    Ok(signature.to_vec())
}

//! The key algorithms of the agent API: what `CreateKey` makes and `GetAlgorithms` lists.
//!
//! The specification fixes names and facts, not encodings; these are ours, and kept keys depend on
//! them:
//!
//! | local name | algorithm | public key | signature | private key |
//! |---|---|---|---|---|
//! | `ed25519` `ed448` | RFC 8032, without context or prehash | raw | raw | seed |
//! | `x25519` `x448` | RFC 7748 | raw | none | scalar before clamping |
//! | `p192` … `p521` | ECDSA and ECDH on the NIST curves | SEC 1, uncompressed | DER | scalar |
//! | `bp256` `bp384` | the same on brainpoolP256r1, brainpoolP384r1 | SEC 1, uncompressed | DER | scalar |
//! | `rsa` | RSASSA-PSS, 3072 bits | DER `SubjectPublicKeyInfo` | raw | DER PKCS #1 |
//! | `ml128` `ml192` `ml256` | ML-DSA-44, -65, -87 (FIPS 204), pure | raw | raw | seed |
//!
//! Scalars of SEC 1 are big-endian and as long as the curve's field. The shared secret of an
//! agreement is the raw coordinate: big-endian x for ECDH, little-endian u of RFC 7748 otherwise.
//! It is not uniform: whoever uses it derives a key from it.

mod edwards;
mod error;
mod facts;
mod key_pair;
mod module_lattice;
mod montgomery;
#[cfg(test)]
mod openssl_tests;
mod rsa;
#[cfg(test)]
mod vector_tests;
mod weierstrass;

use zeroize::Zeroizing;

pub(crate) use self::error::AlgorithmError;
pub(crate) use self::facts::Facts;
pub(crate) use self::key_pair::KeyPair;

/// The namespaces an algorithm is asked for in; the second is an alias of the first.
pub(crate) const NAMESPACES: [&str; 2] = ["urn:nf:iot:e2e:1.0", "urn:ieee:iot:e2e:1.0"];

/// A key algorithm that works.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Algorithm {
    Ed448,
    Ed25519,
    X448,
    X25519,
    P192,
    P224,
    P256,
    P384,
    P521,
    Bp256,
    Bp384,
    Rsa,
    Ml128,
    Ml192,
    Ml256,
}

impl Algorithm {
    /// Every algorithm, in the order of the original's list.
    pub(crate) const ALL: [Self; 15] = [
        Self::Ed448,
        Self::Ed25519,
        Self::X448,
        Self::X25519,
        Self::P192,
        Self::P224,
        Self::P256,
        Self::P384,
        Self::P521,
        Self::Bp256,
        Self::Bp384,
        Self::Rsa,
        Self::Ml128,
        Self::Ml192,
        Self::Ml256,
    ];

    /// The algorithm of this name, in one of the [`NAMESPACES`]; both must match exactly.
    pub(crate) fn find(local_name: &str, namespace: &str) -> Option<Self> {
        if !NAMESPACES.contains(&namespace) {
            return None;
        }
        Self::ALL
            .into_iter()
            .find(|algorithm| algorithm.local_name() == local_name)
    }

    /// Its name within the [`NAMESPACES`].
    pub(crate) fn local_name(self) -> &'static str {
        self.implementation().local_name
    }

    /// What `GetAlgorithms` says of it.
    pub(crate) fn facts(self) -> Facts {
        self.implementation().facts
    }

    /// A new key. For `rsa` that is about a second of computing: not for an asynchronous thread.
    ///
    /// # Errors
    /// [`AlgorithmError::NoRandomNumbers`].
    pub(crate) fn generate(self) -> Result<KeyPair, AlgorithmError> {
        (self.implementation().generate)()
    }

    /// Signs `data`, which is hashed here where the algorithm hashes.
    ///
    /// # Errors
    /// [`AlgorithmError::CannotSign`], [`AlgorithmError::Damaged`] and, where signatures are
    /// randomized, [`AlgorithmError::NoRandomNumbers`].
    pub(crate) fn sign(self, private: &[u8], data: &[u8]) -> Result<Vec<u8>, AlgorithmError> {
        let sign = self
            .implementation()
            .sign
            .ok_or(AlgorithmError::CannotSign)?;
        sign(private, data)
    }

    /// The secret shared with the owner of `peer_public`, which is encoded as ours are.
    ///
    /// # Errors
    /// [`AlgorithmError::CannotAgree`], [`AlgorithmError::Damaged`] and
    /// [`AlgorithmError::InvalidPublicKey`].
    pub(crate) fn agree(
        self,
        private: &[u8],
        peer_public: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>, AlgorithmError> {
        let agree = self
            .implementation()
            .agree
            .ok_or(AlgorithmError::CannotAgree)?;
        agree(private, peer_public)
    }

    fn implementation(self) -> &'static Implementation {
        match self {
            Self::Ed448 => &edwards::ED448,
            Self::Ed25519 => &edwards::ED25519,
            Self::X448 => &montgomery::X448,
            Self::X25519 => &montgomery::X25519,
            Self::P192 => &weierstrass::P192,
            Self::P224 => &weierstrass::P224,
            Self::P256 => &weierstrass::P256,
            Self::P384 => &weierstrass::P384,
            Self::P521 => &weierstrass::P521,
            Self::Bp256 => &weierstrass::BP256,
            Self::Bp384 => &weierstrass::BP384,
            Self::Rsa => &rsa::RSA,
            Self::Ml128 => &module_lattice::ML128,
            Self::Ml192 => &module_lattice::ML192,
            Self::Ml256 => &module_lattice::ML256,
        }
    }
}

type Generate = fn() -> Result<KeyPair, AlgorithmError>;
type Sign = fn(&[u8], &[u8]) -> Result<Vec<u8>, AlgorithmError>;
type Agree = fn(&[u8], &[u8]) -> Result<Zeroizing<Vec<u8>>, AlgorithmError>;

/// All of one algorithm, as its family gives it.
struct Implementation {
    local_name: &'static str,
    facts: Facts,
    generate: Generate,
    sign: Option<Sign>,
    agree: Option<Agree>,
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The private keys that are in no case one: too short, too long, nothing.
    const NO_KEYS: [&[u8]; 3] = [&[], &[1; 7], &[1; 5000]];

    #[test]
    fn an_algorithm_is_found_by_exact_name_in_both_namespaces() {
        for algorithm in Algorithm::ALL {
            let name = algorithm.local_name();
            for namespace in NAMESPACES {
                assert_eq!(Algorithm::find(name, namespace), Some(algorithm));
            }
            assert_eq!(Algorithm::find(&name.to_uppercase(), NAMESPACES[0]), None);
            assert_eq!(Algorithm::find(name, "urn:nf:iot:e2e:1.0 "), None);
            assert_eq!(Algorithm::find(name, ""), None);
        }
        assert_eq!(Algorithm::find("bp160", NAMESPACES[0]), None);
        assert_eq!(Algorithm::find("", NAMESPACES[0]), None);
    }

    #[test]
    fn what_an_algorithm_cannot_do_is_said_and_agrees_with_its_facts() {
        for algorithm in Algorithm::ALL {
            let signs = algorithm.sign(&[], b"data") != Err(AlgorithmError::CannotSign);
            assert_eq!(signs, algorithm.facts().supports_signatures);
            let agrees = algorithm.agree(&[], &[]) != Err(AlgorithmError::CannotAgree);
            let name = algorithm.local_name();
            let expected = name.starts_with(['x', 'p', 'b']);
            assert_eq!(agrees, expected, "{name}");
        }
    }

    #[test]
    fn bytes_that_are_no_private_key_are_damaged() {
        for algorithm in Algorithm::ALL {
            for private in NO_KEYS {
                let signed = algorithm.sign(private, b"data");
                assert!(
                    matches!(
                        signed,
                        Err(AlgorithmError::Damaged | AlgorithmError::CannotSign)
                    ),
                    "{algorithm:?}"
                );
                let agreed = algorithm.agree(private, &[]);
                assert!(
                    matches!(
                        agreed,
                        Err(AlgorithmError::Damaged | AlgorithmError::CannotAgree)
                    ),
                    "{algorithm:?}"
                );
            }
        }
    }

    #[test]
    fn two_generated_keys_differ() {
        for algorithm in Algorithm::ALL {
            if algorithm == Algorithm::Rsa {
                continue; // Slow without optimisation; its key is looked at by OpenSSL.
            }
            let (one, other) = (algorithm.generate().unwrap(), algorithm.generate().unwrap());
            assert_ne!(one.public, other.public);
            assert_ne!(one.private, other.private);
            assert_eq!(one.public.len(), other.public.len());
            assert_eq!(one.private.len(), other.private.len());
        }
    }
}

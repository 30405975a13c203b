//! ML-DSA (FIPS 204), pure and without a context: `ml128`, `ml192` and `ml256` are ML-DSA-44, -65
//! and -87. Signatures are hedged, as FIPS 204 recommends. The private key is the seed ξ of 32
//! bytes.
//!
//! In the original these names also stand for ML-KEM; a key here signs and does nothing else.

use getrandom::SysRng;
use ml_dsa::{Keypair as _, MlDsa44, MlDsa65, MlDsa87, MlDsaParams, Seed, SigningKey};
use zeroize::Zeroizing;

use super::key_pair::seed;
use super::{AlgorithmError, Facts, Implementation, KeyPair};

pub(super) const ML128: Implementation = of_parameters::<MlDsa44>("ml128", 128);
pub(super) const ML192: Implementation = of_parameters::<MlDsa65>("ml192", 192);
pub(super) const ML256: Implementation = of_parameters::<MlDsa87>("ml256", 256);

const fn of_parameters<P: MlDsaParams>(
    local_name: &'static str,
    security_strength: u16,
) -> Implementation {
    Implementation {
        local_name,
        facts: Facts {
            security_strength,
            safe: true,
            slow: false,
            pqc: true,
            score: 5,
            supports_signatures: true,
        },
        generate: generate::<P>,
        sign: Some(sign::<P>),
        agree: None,
    }
}

fn generate<P: MlDsaParams>() -> Result<KeyPair, AlgorithmError> {
    let seed = seed::<32>()?;
    let key = signing_key::<P>(&*seed)?;
    Ok(KeyPair {
        public: key.verifying_key().encode().to_vec(),
        private: Zeroizing::new(seed.to_vec()),
    })
}

fn sign<P: MlDsaParams>(private: &[u8], data: &[u8]) -> Result<Vec<u8>, AlgorithmError> {
    let signature = signing_key::<P>(private)?
        .expanded_key()
        .sign_randomized(data, &[], &mut SysRng)
        .map_err(|_| AlgorithmError::NoRandomNumbers)?;
    Ok(signature.encode().to_vec())
}

fn signing_key<P: MlDsaParams>(seed: &[u8]) -> Result<SigningKey<P>, AlgorithmError> {
    let seed: &Seed = seed.try_into().map_err(|_| AlgorithmError::Damaged)?;
    Ok(SigningKey::from_seed(seed))
}

#[cfg(test)]
mod tests {
    use fips204::traits::{SerDes as _, Verifier as _};

    use super::super::Algorithm::{Ml128, Ml192, Ml256};

    const DATA: &[u8] = b"what is signed";

    macro_rules! another_crate_verifies {
        ($($name:ident: $algorithm:ident $module:ident,)+) => {
            $(#[test] fn $name() {
                let pair = $algorithm.generate().unwrap();
                let public = pair.public.as_slice().try_into().unwrap();
                let public = fips204::$module::PublicKey::try_from_bytes(public).unwrap();
                let verifies = |data: &[u8], signature: &[u8]| {
                    public.verify(data, signature.try_into().unwrap(), &[])
                };
                let signature = $algorithm.sign(&pair.private, DATA).unwrap();
                let again = $algorithm.sign(&pair.private, DATA).unwrap();
                assert_ne!(signature, again, "signatures are hedged");
                for mut signature in [signature, again] {
                    assert!(verifies(DATA, &signature));
                    assert!(!verifies(b"what is Signed", &signature));
                    assert!(!verifies(b"", &signature));
                    signature[99] ^= 1;
                    assert!(!verifies(DATA, &signature));
                }
            })+
        };
    }

    another_crate_verifies! {
        another_crate_verifies_ml128: Ml128 ml_dsa_44,
        another_crate_verifies_ml192: Ml192 ml_dsa_65,
        another_crate_verifies_ml256: Ml256 ml_dsa_87,
    }
}

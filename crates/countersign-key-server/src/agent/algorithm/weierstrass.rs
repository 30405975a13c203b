//! ECDSA and ECDH on the NIST and brainpool curves.
//!
//! Public keys are SEC 1 points, uncompressed; a compressed one is refused, so that a key has one
//! encoding. Signatures are the DER `ECDSA-Sig-Value` over SHA-256 (curves up to 256 bits),
//! SHA-384 or SHA-512, deterministic by RFC 6979 and without low-s normalization. The private key
//! is the scalar, big-endian and as long as the curve's field. The `bp` curves are the `r1` ones.

use std::ops::Add;

use ecdsa::EcdsaCurve;
use ecdsa::der::{MaxOverhead, MaxSize};
use ecdsa::hazmat::sign_prehashed_rfc6979;
use elliptic_curve::array::ArraySize;
use elliptic_curve::sec1::{FromSec1Point, ModulusSize, ToSec1Point};
use elliptic_curve::{
    AffinePoint, CurveArithmetic, FieldBytes, FieldBytesSize, Generate as _, PublicKey, SecretKey,
};
use getrandom::SysRng;
use sha2::digest::block_api::BlockSizeUser;
use sha2::{Digest, Sha256, Sha384, Sha512};
use zeroize::Zeroizing;

use super::{AlgorithmError, Facts, Implementation, KeyPair};

pub(super) const P192: Implementation = on_curve::<p192::NistP192, Sha256>("p192", 96);
pub(super) const P224: Implementation = on_curve::<p224::NistP224, Sha256>("p224", 112);
pub(super) const P256: Implementation = on_curve::<p256::NistP256, Sha256>("p256", 128);
pub(super) const P384: Implementation = on_curve::<p384::NistP384, Sha384>("p384", 192);
pub(super) const P521: Implementation = on_curve::<p521::NistP521, Sha512>("p521", 256);
pub(super) const BP256: Implementation = on_curve::<bp256::BrainpoolP256r1, Sha256>("bp256", 128);
pub(super) const BP384: Implementation = on_curve::<bp384::BrainpoolP384r1, Sha384>("bp384", 192);

/// The first byte of an uncompressed point.
const UNCOMPRESSED: u8 = 4;

const fn on_curve<C, D>(local_name: &'static str, security_strength: u16) -> Implementation
where
    C: EcdsaCurve + CurveArithmetic,
    D: Digest + BlockSizeUser,
    AffinePoint<C>: FromSec1Point<C> + ToSec1Point<C>,
    FieldBytesSize<C>: ModulusSize,
    MaxSize<C>: ArraySize,
    <FieldBytesSize<C> as Add>::Output: Add<MaxOverhead> + ArraySize,
{
    Implementation {
        local_name,
        facts: Facts {
            security_strength,
            safe: false,
            slow: true,
            pqc: false,
            score: 2,
            supports_signatures: true,
        },
        generate: generate::<C>,
        sign: Some(sign::<C, D>),
        agree: Some(agree::<C>),
    }
}

fn generate<C>() -> Result<KeyPair, AlgorithmError>
where
    C: CurveArithmetic,
    AffinePoint<C>: FromSec1Point<C> + ToSec1Point<C>,
    FieldBytesSize<C>: ModulusSize,
{
    let key = SecretKey::<C>::try_generate_from_rng(&mut SysRng)
        .map_err(|_| AlgorithmError::NoRandomNumbers)?;
    let scalar = Zeroizing::new(key.to_bytes());
    Ok(KeyPair {
        public: key.public_key().to_sec1_point(false).as_bytes().to_vec(),
        private: Zeroizing::new(scalar.to_vec()),
    })
}

fn sign<C, D>(private: &[u8], data: &[u8]) -> Result<Vec<u8>, AlgorithmError>
where
    C: EcdsaCurve + CurveArithmetic,
    D: Digest + BlockSizeUser,
    MaxSize<C>: ArraySize,
    <FieldBytesSize<C> as Add>::Output: Add<MaxOverhead> + ArraySize,
{
    let scalar = Zeroizing::new(secret_key::<C>(private)?.to_nonzero_scalar());
    let (signature, _) = sign_prehashed_rfc6979::<C, D>(&scalar, &D::digest(data), &[]);
    Ok(signature.to_der().as_bytes().to_vec())
}

fn agree<C>(private: &[u8], peer: &[u8]) -> Result<Zeroizing<Vec<u8>>, AlgorithmError>
where
    C: CurveArithmetic,
    AffinePoint<C>: FromSec1Point<C> + ToSec1Point<C>,
    FieldBytesSize<C>: ModulusSize,
{
    let key = secret_key::<C>(private)?;
    if peer.first() != Some(&UNCOMPRESSED) {
        return Err(AlgorithmError::InvalidPublicKey);
    }
    let peer = PublicKey::<C>::from_sec1_bytes(peer) // refuses what is off the curve
        .map_err(|_| AlgorithmError::InvalidPublicKey)?;
    // The curves are of prime order: there are no points of low order to refuse.
    let shared = key.diffie_hellman(&peer);
    Ok(Zeroizing::new(shared.raw_secret_bytes().to_vec()))
}

fn secret_key<C: CurveArithmetic>(private: &[u8]) -> Result<SecretKey<C>, AlgorithmError> {
    <&FieldBytes<C>>::try_from(private)
        .ok()
        .and_then(|scalar| SecretKey::from_bytes(scalar).ok())
        .ok_or(AlgorithmError::Damaged)
}

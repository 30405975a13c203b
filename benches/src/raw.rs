//! The bare cryptography of each scheme: what nobody can verify a request without.

use std::hint::black_box;

use countersign::{Scheme, SchemeId};
use hmac::{Hmac, KeyInit, Mac};
use md5::Md5;
use sha1::Sha1;
use sha2::{Digest, Sha256};

use crate::Result;
use crate::contest::Once;
use crate::requests::{self, Received};

/// The cryptography that verifying `request` needs: deriving the key where the scheme does, one
/// HMAC over the string to sign in one piece, and the digest of the body. Where the key is the
/// secret itself, its keyed state is made beforehand, as it can be.
///
/// # Errors
/// When the request is not one of `scheme`.
pub fn of(scheme: &dyn Scheme, request: &Received) -> Result<Once<'static>> {
    let text = request.string_to_sign(scheme)?;
    let body = request.body.clone();
    let secret = format!("a secret of 44 bytes, for key {:013}", 0);
    if scheme.id() == SchemeId::AUTH_KEY {
        let time = requests::NOW.to_string();
        return Ok(Box::new(move || {
            let mut hash = Sha256::new();
            hash.update(black_box(time.as_bytes()));
            hash.update(black_box(secret.as_bytes()));
            let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(&hash.finalize()) else {
                return false;
            };
            mac.update(black_box(&text));
            black_box(mac.finalize().into_bytes());
            if !body.is_empty() {
                black_box(Sha256::digest(black_box(&body)));
            }
            true
        }));
    }
    // Moxie does not sign the body.
    let digested = scheme.body_digest().is_some() && !body.is_empty();
    let keyed = Hmac::<Sha1>::new_from_slice(secret.as_bytes())?;
    Ok(Box::new(move || {
        let mut mac = black_box(&keyed).clone();
        mac.update(black_box(&text));
        black_box(mac.finalize().into_bytes());
        if digested {
            black_box(Md5::digest(black_box(&body)));
        }
        true
    }))
}

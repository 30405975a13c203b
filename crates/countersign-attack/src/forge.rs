//! MACs over texts that the signer of the library refuses to write.
//!
//! A client whose clock says `abc` signs `abc`: to be refused for that alone, the signature must be
//! right.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use countersign_core::{Algorithm, SchemeId};
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha1::Sha1;
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

/// The signature of `text` as a credential of `scheme` spells it; `time` is part of some keys.
pub(crate) fn signature(
    scheme: SchemeId,
    algorithm: Algorithm,
    secret: &[u8],
    text: &[u8],
    time: &[u8],
) -> Option<String> {
    Some(match scheme {
        SchemeId::AUTH_KEY => {
            let key = hashed(&[time, secret]);
            STANDARD.encode(mac(Algorithm::Sha256, &key, text)?)
        }
        SchemeId::AUTH_KEY_V1 | SchemeId::AUTH_KEY_V2 | SchemeId::AUTH_KEY_V3 => {
            let key = hashed(&[secret, time]);
            STANDARD.encode(mac(Algorithm::Sha256, &key, text)?)
        }
        SchemeId::HMAC_AUTH => STANDARD_NO_PAD.encode(mac(Algorithm::Sha1, secret, text)?),
        SchemeId::HMAC_AUTH_SHA256 => STANDARD_NO_PAD.encode(mac(Algorithm::Sha256, secret, text)?),
        SchemeId::MOXIE => hex(&mac(Algorithm::Sha1, secret, text)?),
        SchemeId::MAC => {
            let secret = Zeroizing::new(URL_SAFE_NO_PAD.decode(secret).ok()?);
            hex(&mac(algorithm, &secret, text)?)
        }
        SchemeId::MAC_DRAFT => STANDARD.encode(mac(algorithm, secret, text)?),
        _ => return None,
    })
}

/// The bytes of a signature in either spelling.
pub(crate) fn decoded(text: &[u8]) -> Vec<u8> {
    let digits = |pair: &[u8]| {
        let pair = std::str::from_utf8(pair).ok()?;
        u8::from_str_radix(pair, 16).ok()
    };
    let unhex: Option<Vec<u8>> = text.chunks(2).map(digits).collect();
    unhex
        .filter(|_| matches!(text.len(), 40 | 64))
        .unwrap_or_else(|| {
            let bare = text.strip_suffix(b"=").unwrap_or(text);
            STANDARD_NO_PAD.decode(bare).unwrap_or_default()
        })
}

/// `bytes` in lower-case hexadecimal.
pub(crate) fn hex(bytes: &[u8]) -> String {
    let digits = bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]);
    digits
        .filter_map(|digit| char::from_digit(digit.into(), 16))
        .collect()
}

/// `bytes` in Base64 with padding.
pub(crate) fn base64(bytes: &[u8]) -> String {
    STANDARD.encode(bytes)
}

/// `bytes` in Base64 without padding.
pub(crate) fn base64_unpadded(bytes: &[u8]) -> String {
    STANDARD_NO_PAD.encode(bytes)
}

fn hashed(pieces: &[&[u8]]) -> Zeroizing<Vec<u8>> {
    let mut hash = Sha256::new();
    for piece in pieces {
        hash.update(piece);
    }
    Zeroizing::new(hash.finalize().to_vec())
}

fn mac(algorithm: Algorithm, key: &[u8], text: &[u8]) -> Option<Vec<u8>> {
    Some(match algorithm {
        Algorithm::Sha1 => {
            let mut mac = Hmac::<Sha1>::new_from_slice(key).ok()?;
            mac.update(text);
            mac.finalize().into_bytes().to_vec()
        }
        Algorithm::Sha256 => {
            let mut mac = Hmac::<Sha256>::new_from_slice(key).ok()?;
            mac.update(text);
            mac.finalize().into_bytes().to_vec()
        }
    })
}

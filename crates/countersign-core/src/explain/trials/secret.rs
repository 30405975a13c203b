//! The secret: with a line feed from a file, in quotation marks, decoded or not.

use zeroize::Zeroizing;

use super::{NearMiss, Trials};
use crate::encoding;
use crate::explain::spelling::{decoded_base64, decoded_base64url, decoded_hex};
use crate::mac::Derivation;

/// What files, editors and shells put at the ends.
pub(super) fn white_space(trials: &mut Trials<'_>) {
    let secret = trials.subject.secret.expose();
    if let Some(decoded) = ends_off(trials, secret.trim_ascii()) {
        trials.secret(NearMiss::SecretTrimmed, &decoded);
    }
    for end in [&b"\n"[..], b"\r\n"] {
        let longer = Zeroizing::new([secret, end].concat());
        if decodes(trials) {
            continue;
        }
        trials.secret(NearMiss::SecretLineFeed, &longer);
    }
}

/// Quotation marks that belong to a configuration file.
pub(super) fn quotes(trials: &mut Trials<'_>) {
    let secret = trials.subject.secret.expose();
    for mark in [b'"', b'\''] {
        let inner = secret
            .strip_prefix(&[mark])
            .and_then(|rest| rest.strip_suffix(&[mark]));
        if let Some(decoded) = inner.and_then(|inner| ends_off(trials, inner)) {
            trials.secret(NearMiss::SecretQuoted, &decoded);
        }
    }
    if !decodes(trials) {
        let quoted = Zeroizing::new([b"\"", secret, b"\""].concat());
        trials.secret(NearMiss::SecretQuoted, &quoted);
    }
}

/// Decoded where its text is the key, or as text where it should be decoded.
pub(super) fn encodings(trials: &mut Trials<'_>) {
    let secret = trials.subject.secret.expose();
    let base64 = decoded_base64(secret.trim_ascii());
    let base64url = decoded_base64url(secret.trim_ascii());
    let hex = decoded_hex(secret.trim_ascii());
    if decodes(trials) {
        trials.secret(NearMiss::SecretAsText, secret);
    } else if let Some(base64url) = base64url.filter(|bytes| base64.as_ref() != Some(bytes)) {
        trials.secret(NearMiss::SecretBase64UrlDecoded, &base64url);
    }
    // What the scheme reads as base64url needs no second trial where both alphabets agree.
    let agrees = decodes(trials) && trials.subject.keyed.is_some();
    if let Some(base64) = base64.filter(|_| !agrees) {
        trials.secret(NearMiss::SecretBase64Decoded, &base64);
    }
    if let Some(hex) = hex {
        trials.secret(NearMiss::SecretHexDecoded, &hex);
    }
    if !decodes(trials) {
        let encoded = Zeroizing::new(encoding::to_base64(secret));
        trials.secret(NearMiss::SecretEncoded, encoded.as_bytes());
    }
}

/// Whether the scheme decodes the secret before it uses it.
fn decodes(trials: &Trials<'_>) -> bool {
    matches!(trials.subject.derivation, Derivation::Base64Url)
}

/// What is left of the secret, decoded where the scheme decodes it; `None` when it is the secret
/// as it was, or nothing.
fn ends_off(trials: &Trials<'_>, left: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let shorter = left.len() < trials.subject.secret.expose().len() && !left.is_empty();
    if !shorter {
        return None;
    }
    if decodes(trials) {
        let decoded = encoding::base64url_exact::<32>(left)?;
        Some(Zeroizing::new(decoded.to_vec()))
    } else {
        Some(Zeroizing::new(left.to_vec()))
    }
}

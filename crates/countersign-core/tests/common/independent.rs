//! Hashes and MACs straight from their crates, so that no test trusts the code it tests.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use md5::Md5;
use sha1::Sha1;
use sha2::{Digest, Sha256};

pub(crate) fn hmac_sha1(key: impl AsRef<[u8]>, text: impl AsRef<[u8]>) -> Vec<u8> {
    let mac = Hmac::<Sha1>::new_from_slice(key.as_ref()).expect("any length");
    mac.chain_update(text).finalize().into_bytes().to_vec()
}

pub(crate) fn hmac_sha256(key: impl AsRef<[u8]>, text: impl AsRef<[u8]>) -> Vec<u8> {
    let mac = Hmac::<Sha256>::new_from_slice(key.as_ref()).expect("any length");
    mac.chain_update(text).finalize().into_bytes().to_vec()
}

pub(crate) fn sha256(text: impl AsRef<[u8]>) -> Vec<u8> {
    Sha256::digest(text).to_vec()
}

pub(crate) fn sha1(text: impl AsRef<[u8]>) -> Vec<u8> {
    Sha1::digest(text).to_vec()
}

pub(crate) fn md5(text: impl AsRef<[u8]>) -> Vec<u8> {
    Md5::digest(text).to_vec()
}

pub(crate) fn base64(bytes: impl AsRef<[u8]>) -> String {
    STANDARD.encode(bytes)
}

/// Of standard Base64, padded or not.
pub(crate) fn base64_decoded(text: &str) -> Vec<u8> {
    let unpadded = text.trim_end_matches('=');
    base64::engine::general_purpose::STANDARD_NO_PAD
        .decode(unpadded)
        .expect("Base64")
}

pub(crate) fn hex(bytes: impl AsRef<[u8]>) -> String {
    use std::fmt::Write as _;
    let mut out = String::new();
    for byte in bytes.as_ref() {
        write!(out, "{byte:02x}").expect("a String takes everything");
    }
    out
}

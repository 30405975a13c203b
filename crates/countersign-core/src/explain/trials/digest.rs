//! The digest of the body: HMAC-Auth's `Content-MD5` and MAC's `ext`.

use http::HeaderValue;
use http::header::HeaderName;
use md5::{Digest as _, Md5};
use sha1::Sha1;

use super::{NearMiss, Trials};
use crate::claim::BodyBinding;
use crate::encoding;
use crate::explain::reading::{Parts, header};

const CONTENT_MD5: HeaderName = HeaderName::from_static("content-md5");

pub(super) fn run(trials: &mut Trials<'_>) {
    content_md5(trials);
    ext(trials);
}

fn content_md5(trials: &mut Trials<'_>) {
    let subject = trials.subject;
    let Some(sent) = header(subject.head.headers(), CONTENT_MD5.as_str()) else {
        let digest: [u8; 16] = Md5::digest(subject.body).into();
        for text in [
            encoding::to_base64_unpadded(&digest),
            encoding::to_base64(&digest),
        ] {
            trials.request(NearMiss::DigestNotSent, |parts| {
                set_digest(parts, text.as_bytes())
            });
        }
        return;
    };
    trials.request(NearMiss::DigestLeftOut, |parts| {
        parts.headers.remove(CONTENT_MD5).map(drop)
    });
    let padded = match sent.strip_suffix(b"==") {
        Some(unpadded) => unpadded.to_vec(),
        None => [sent, b"=="].concat(),
    };
    trials.request(NearMiss::DigestPadding, |parts| set_digest(parts, &padded));
}

fn set_digest(parts: &mut Parts, text: &[u8]) -> Option<()> {
    let value = HeaderValue::from_bytes(text).ok()?;
    parts.headers.insert(CONTENT_MD5, value);
    Some(())
}

fn ext(trials: &mut Trials<'_>) {
    let subject = trials.subject;
    let sent = subject.claim.ext_text();
    if !sent.is_empty() {
        with_ext(trials, NearMiss::ExtEmpty, b"");
        // The yar profile writes it in lower case.
        for line in [sent.to_ascii_lowercase(), sent.to_vec()] {
            let line = [line.as_slice(), b"\n"].concat();
            if let Some(shorter) = subject.text.strip_suffix(line.as_slice()) {
                trials.text(NearMiss::ExtLineMissing, shorter);
            }
        }
    }
    let BodyBinding::Ext { content_type, .. } = subject.claim.body else {
        return;
    };
    for (miss, first) in [
        (NearMiss::ExtOfBody, &b""[..]),
        (NearMiss::ExtNotSent, content_type),
    ] {
        let hash = Sha1::new_with_prefix(first).chain_update(subject.body);
        with_ext(trials, miss, encoding::to_hex(&hash.finalize()).as_bytes());
    }
}

fn with_ext(trials: &mut Trials<'_>, miss: NearMiss, ext: &[u8]) {
    let subject = trials.subject;
    let mut claim = subject.claim.clone();
    claim.ext = ext;
    trials.text(miss, subject.canonical(&subject.head, &claim));
}

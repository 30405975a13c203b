//! The right text under a secret that was stored, decoded or quoted otherwise.

use super::*;
use crate::{AuthKey, HmacAuth, Mac};

const TEXT: &str = "GET\n/a\nThu, 27 Sep 2012 12:14:56 GMT\n";

fn signed_with(secret: impl AsRef<[u8]>) -> Sent {
    let signature = unpadded(sha1_mac(secret, TEXT));
    Sent::new("GET", "/a")
        .header("date", DATE)
        .header("hmac-auth", &format!("example-id:{signature}"))
}

/// Signed with the one, explained with the other.
#[track_caller]
fn explained(theirs: impl AsRef<[u8]>, ours: impl AsRef<[u8]>, miss: NearMiss) {
    signed_with(theirs).is_explained(&HmacAuth::sha1(), &key_with(ours), miss);
}

#[test]
fn secret_line_feed() {
    explained(
        "a long secret text\n",
        "a long secret text",
        NearMiss::SecretLineFeed,
    );
    explained(
        "a long secret text\r\n",
        "a long secret text",
        NearMiss::SecretLineFeed,
    );
}

#[test]
fn secret_line_feed_where_the_key_is_derived() {
    let text = format!("GET\nx-mac-date:{DATE}\n/a\n");
    let derived = sha256([DATE, SECRET, "\n"].concat());
    let signature = base64(sha256_mac(derived, text));
    Sent::new("GET", "/a")
        .header("date", DATE)
        .header("x-mac-date", DATE)
        .header("auth-key", &format!("MAC example-id:{signature}"))
        .is_explained_by(&AuthKey::default(), NearMiss::SecretLineFeed);
}

#[test]
fn secret_trimmed() {
    explained(
        "a long secret text",
        "a long secret text\n",
        NearMiss::SecretTrimmed,
    );
}

#[test]
fn secret_trimmed_where_it_is_decoded() {
    let text = format!("{}\nn-1\nGET\n/a\napi.example.org\n80\n\n", NOW.as_unix());
    let mac = hex(sha1_mac(url_decoded(SECRET), text));
    let credential = format!(
        r#"MAC id="example-id", ts="{}", nonce="n-1", mac="{mac}""#,
        NOW.as_unix()
    );
    let sent = Sent::new("GET", "/a").header("authorization", &credential);
    let with_line_feed = key_with(format!("{SECRET}\n"));
    sent.is_explained(&Mac::yar(), &with_line_feed, NearMiss::SecretTrimmed);
    let explanation = sent.question().against(&Mac::yar(), &with_line_feed);
    assert_eq!(explanation.findings(), [Finding::SecretUnusable]);
}

#[test]
fn secret_quoted() {
    explained(
        "\"a long secret text\"",
        "a long secret text",
        NearMiss::SecretQuoted,
    );
    explained(
        "a long secret text",
        "\"a long secret text\"",
        NearMiss::SecretQuoted,
    );
    explained(
        "a long secret text",
        "'a long secret text'",
        NearMiss::SecretQuoted,
    );
}

#[test]
fn secret_base64_decoded() {
    let secret = [0xfb, 0xef, 0xff, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13];
    explained(secret, base64(secret), NearMiss::SecretBase64Decoded);
    explained(secret, unpadded(secret), NearMiss::SecretBase64Decoded);
}

#[test]
fn secret_base64url_decoded() {
    explained(
        url_decoded(SECRET),
        SECRET,
        NearMiss::SecretBase64UrlDecoded,
    );
}

#[test]
fn secret_hex_decoded() {
    let secret = [0xfb, 0xef, 0xff, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13];
    explained(secret, hex(secret), NearMiss::SecretHexDecoded);
}

#[test]
fn secret_encoded() {
    explained(
        base64("a long secret text"),
        "a long secret text",
        NearMiss::SecretEncoded,
    );
}

//! The right MAC in the wrong letters, which the schemes refuse unread.

use super::*;
use crate::{AuthKey, Claim, HmacAuth, Mac, Moxie, SignError, Signing, Strength};

fn auth_key(signature: &str) -> Sent {
    Sent::new("GET", "/a")
        .header("date", DATE)
        .header("x-mac-date", DATE)
        .header("auth-key", &format!("MAC example-id:{signature}"))
}

/// The MAC of [`auth_key`]: its Base64 has both a `+` or `/` and padding.
fn auth_key_mac() -> Vec<u8> {
    let text = format!("GET\nx-mac-date:{DATE}\n/a\n");
    sha256_mac(sha256([DATE, SECRET].concat()), text)
}

fn moxie(signature: &str) -> Sent {
    Sent::new("GET", "/a")
        .header("date", DATE)
        .header("x-hmac-nonce", "n-1")
        .header("x-moxie-key", "example-id")
        .header("authorization", signature)
}

fn moxie_mac() -> Vec<u8> {
    let url = "http://api.example.org/a";
    sha1_mac(SECRET, format!("GET\n{url}\ndate:{DATE}\nx-hmac-nonce:n-1"))
}

#[test]
fn bad_32_signature_in_hex() {
    let sent = auth_key(&hex(auth_key_mac()));
    sent.is_explained_by(&AuthKey::default(), NearMiss::SignatureInHex);
    assert_eq!(sent.explained(&AuthKey::default()).trials(), 1);
}

#[test]
fn bad_32_signature_in_base64() {
    let sent = moxie(&base64(moxie_mac()));
    sent.is_explained_by(&Moxie::default(), NearMiss::SignatureInBase64);
}

#[test]
fn bad_32_signature_of_the_other_mac_profile() {
    let text = format!("{}\nn-1\nGET\n/a\napi.example.org\n80\n\n", NOW.as_unix());
    let with = |mac: &str| {
        let ts = NOW.as_unix();
        let credential = format!(r#"MAC id="example-id", ts="{ts}", nonce="n-1", mac="{mac}""#);
        Sent::new("GET", "/a").header("authorization", &credential)
    };
    let draft = hex(sha1_mac(SECRET, &text));
    with(&draft).is_explained_by(&Mac::draft(), NearMiss::SignatureInHex);
    let yar = base64(sha1_mac(url_decoded(SECRET), &text));
    with(&yar).is_explained_by(&Mac::yar(), NearMiss::SignatureInBase64);
}

#[test]
fn signature_hex_then_base64() {
    let sent = auth_key(&base64(hex(auth_key_mac())));
    sent.is_explained_by(&AuthKey::default(), NearMiss::SignatureHexThenBase64);
}

#[test]
fn signature_unpadded() {
    let sent = auth_key(&unpadded(auth_key_mac()));
    sent.is_explained_by(&AuthKey::default(), NearMiss::SignatureUnpadded);
}

#[test]
fn signature_url_safe() {
    let text = base64(auth_key_mac());
    assert!(text.contains(['+', '/']), "choose another date: {text}");
    let sent = auth_key(&text.replace('+', "-").replace('/', "_"));
    sent.is_explained_by(&AuthKey::default(), NearMiss::SignatureUrlSafe);
}

#[test]
fn signature_decorated() {
    let text = hex(moxie_mac());
    for decorated in [format!("HMACDigest {text}"), format!("\"{text}\"")] {
        moxie(&decorated).is_explained_by(&Moxie::default(), NearMiss::SignatureDecorated);
    }
    let escaped = base64(auth_key_mac()).replace('=', "%3D");
    auth_key(&escaped).is_explained_by(&AuthKey::default(), NearMiss::SignatureDecorated);
}

#[test]
fn upper_case_hex_is_no_mistake() {
    let explanation = moxie(&hex(moxie_mac()).to_uppercase()).explained(&Moxie::default());
    assert!(matches!(explanation.verdict(), Verdict::Matches));
}

#[test]
fn a_wrong_spelling_beside_another_mistake_is_a_finding() {
    let url = "http://api.example.org/";
    let wrong = sha1_mac(
        SECRET,
        format!("GET\n{url}\ndate:{DATE}\nx-hmac-nonce:n-1\n"),
    );
    let mut sent = moxie(&base64(wrong));
    sent.target = "/".parse().unwrap();
    let explanation = sent.explained(&Moxie::default());
    assert_eq!(
        explanation.verdict().near_miss(),
        Some(NearMiss::TrailingLineFeed)
    );
    let expected = [Finding::Mistake(NearMiss::SignatureInBase64)];
    assert_eq!(explanation.findings(), expected);
}

#[test]
fn a_signature_of_no_known_length_leaves_the_refusal_and_says_so() {
    let explanation = moxie(&hex([7; 64])).explained(&Moxie::default());
    assert_eq!(explanation.verdict().code(), "unreadable");
    assert_eq!(
        explanation.findings(),
        [Finding::SignatureLength { bytes: 64 }]
    );
    assert!(explanation.string_to_sign().is_some());
    assert_eq!(explanation.trials(), 0);
}

/// HMAC-Auth as a stricter service might have it: no padding.
#[derive(Debug)]
struct Unpadded(HmacAuth);

impl Scheme for Unpadded {
    fn id(&self) -> crate::SchemeId {
        crate::SchemeId::custom("unpadded")
    }

    fn strength(&self) -> Strength {
        self.0.strength()
    }

    fn body_digest(&self) -> Option<crate::DigestStrength> {
        self.0.body_digest()
    }

    fn credential_header(&self) -> &HeaderName {
        self.0.credential_header()
    }

    fn claim<'a>(&'a self, head: &crate::Head<'a>) -> Option<Result<Claim<'a>, crate::Refusal>> {
        let credential = head.headers().get(self.credential_header())?;
        if credential.as_bytes().ends_with(b"=") {
            return Some(Err(Reason::MalformedCredentials.into()));
        }
        self.0.claim(head)
    }

    fn canonical(&self, head: &crate::Head<'_>, claim: &Claim<'_>, text: &mut Canonical<'_>) {
        self.0.canonical(head, claim, text);
    }

    fn challenge(&self, realm: &str, refusal: Option<&crate::Refusal>) -> HeaderValue {
        self.0.challenge(realm, refusal)
    }

    fn signing_algorithm(&self, of_key: crate::Algorithm) -> crate::Algorithm {
        self.0.signing_algorithm(of_key)
    }

    fn dress(
        &self,
        headers: &mut HeaderMap,
        signing: &Signing<'_>,
        signature: &crate::Signature,
    ) -> Result<(), SignError> {
        self.0.dress(headers, signing, signature)
    }
}

#[test]
fn signature_padded_for_a_scheme_of_ones_own() {
    let scheme = Unpadded(HmacAuth::sha1());
    let mac = sha1_mac(SECRET, format!("GET\n/a\n{DATE}\n"));
    Sent::new("GET", "/a")
        .header("date", DATE)
        .header("hmac-auth", &format!("example-id:{}", base64(mac)))
        .is_explained_by(&scheme, NearMiss::SignaturePadded);
}

//! Moxie HMACDigest, as Mobile Oxford's server built it.
//!
//! ```text
//! X-Moxie-Key: <api key>
//! X-HMAC-Nonce: <nonce>
//! Date: <date>
//! Authorization: <hex HMAC-SHA1(shared secret, CANONICAL)>         no scheme word
//!
//! CANONICAL = METHOD LF URL LF "date:" DATE LF "x-hmac-nonce:" NONCE   no LF at the end
//! ```
//!
//! The public page says that all of it is lower-cased; its own example and the original server
//! lower-case nothing but the two header names. [`MoxieCanonical::AsBuilt`] is the default.
//!
//! `URL` is the absolute URL as the client wrote it. Its scheme and host come from the layer's
//! public base URL, or else from the scheme it serves and the `Host` header as sent.
//!
//! Weaknesses: the body and the key id are not signed, and SHA-1 is used. Use TLS.

use http::header::{AUTHORIZATION, DATE, HeaderMap, HeaderName, HeaderValue};

use super::{Scheme, SchemeId, set, set_credential};
use crate::canonical::Canonical;
use crate::challenge::Challenge;
use crate::claim::{AlgorithmChoice, Claim, MAX_CREDENTIAL_LEN, Nonce, NonceCase, Proof};
use crate::encoding;
use crate::head::{Head, Picked};
use crate::http_date::{self, DateForm};
use crate::key::KeyId;
use crate::mac::{Algorithm, Derivation, Signature, Strength};
use crate::policy::DigestStrength;
use crate::reason::{Field, Reason, Refusal};
use crate::sign::{SignError, Signing};

const KEY: HeaderName = HeaderName::from_static("x-moxie-key");
const NONCE: HeaderName = HeaderName::from_static("x-hmac-nonce");

/// Which reading of the page clients sign.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum MoxieCanonical {
    /// Only the two header names are lower-case: what the original server verifies.
    #[default]
    AsBuilt,
    /// Everything is lower-cased: for clients written from the page. `/Foo` and `/foo` then share
    /// a signature, and nonces that differ in case only are one nonce.
    AsDocumented,
}

/// The Moxie HMACDigest scheme.
#[derive(Clone, Copy, Debug, Default)]
pub struct Moxie {
    canonical: MoxieCanonical,
    dates: DateForm,
}

impl Moxie {
    /// Accepts requests signed over this reading, and no other.
    #[must_use]
    pub const fn canonical_form(mut self, canonical: MoxieCanonical) -> Self {
        self.canonical = canonical;
        self
    }

    /// Also accepts the dates that the original's shell client sends (`Fri Jan 10 11:49:55 GMT
    /// 2014`), and wrong weekdays.
    #[must_use]
    pub const fn lenient_dates(mut self) -> Self {
        self.dates = DateForm::Lenient;
        self
    }

    fn read<'a>(
        &self,
        head: &Head<'a>,
        [date, nonce, credential, key_id]: [Picked<'a>; 4],
    ) -> Result<Claim<'a>, Refusal> {
        let missing = |field| Refusal::new(Reason::MissingHeader).field(field);
        let malformed = |field| Refusal::new(Reason::MalformedCredentials).field(field);

        // In the original's order: the first that is missing is the one reported.
        let date = date.single(Field::Date)?.ok_or(missing(Field::Date))?;
        let nonce = nonce.single(Field::Nonce)?.ok_or(missing(Field::Nonce))?;
        let credential = credential
            .single(Field::Credential)?
            .ok_or(missing(Field::Credential))?;
        let key_id = key_id.single(Field::KeyId)?.ok_or(missing(Field::KeyId))?;

        let key_id = KeyId::parse(key_id).ok_or(malformed(Field::KeyId))?;
        if credential.len() > MAX_CREDENTIAL_LEN {
            return Err(malformed(Field::Credential));
        }
        let signature = encoding::hex_exact(credential).ok_or(malformed(Field::Credential))?;
        let signed_at = http_date::parse_as(date, self.dates)
            .ok_or(Refusal::new(Reason::InvalidTimestamp).field(Field::Date))?;
        let case = match self.canonical {
            MoxieCanonical::AsBuilt => NonceCase::Exact,
            MoxieCanonical::AsDocumented => NonceCase::Folded,
        };
        let nonce = Nonce::parse(nonce, case)
            .ok_or(Refusal::new(Reason::InvalidNonce).field(Field::Nonce))?;
        if head.authority().is_none() {
            return Err(Refusal::new(Reason::InvalidTarget)
                .field(Field::Host)
                .detail("The scheme signs the host; send a Host header."));
        }
        let proof = Proof::Signature {
            signature: Signature::Sha1(signature),
            derivation: Derivation::Raw,
            algorithm: AlgorithmChoice::Scheme,
        };
        Ok(Claim::new(SchemeId::MOXIE, key_id, proof)
            .signed_at(signed_at, date)
            .nonce(Some(nonce)))
    }

    fn put(&self, text: &mut Canonical<'_>, bytes: &[u8]) {
        match self.canonical {
            MoxieCanonical::AsBuilt => text.put(bytes),
            MoxieCanonical::AsDocumented => text.put_lower(bytes),
        }
    }
}

impl Scheme for Moxie {
    fn id(&self) -> SchemeId {
        SchemeId::MOXIE
    }

    fn strength(&self) -> Strength {
        Strength::Sha1
    }

    fn body_digest(&self) -> Option<DigestStrength> {
        None
    }

    fn credential_header(&self) -> &HeaderName {
        &AUTHORIZATION
    }

    fn claim<'a>(&'a self, head: &Head<'a>) -> Option<Result<Claim<'a>, Refusal>> {
        // `Authorization` has no scheme word, so the scheme is known by its own two headers.
        let picked = head.pick([&DATE, &NONCE, &AUTHORIZATION, &KEY]);
        let [_, nonce, _, key_id] = picked;
        let ours = !(key_id.is_absent() && nonce.is_absent());
        ours.then(|| self.read(head, picked))
    }

    fn canonical(&self, head: &Head<'_>, claim: &Claim<'_>, text: &mut Canonical<'_>) {
        self.put(text, head.method().as_str().as_bytes());
        text.lf();
        text.put(head.url_scheme().as_str().as_bytes());
        text.put(b"://");
        if let Some(authority) = head.authority() {
            self.put(text, authority.as_bytes());
        }
        self.put(text, head.path().as_bytes());
        if let Some(query) = head.query() {
            text.push(b'?');
            self.put(text, query.as_bytes());
        }
        text.put(b"\ndate:");
        self.put(text, claim.time_text());
        text.put(b"\nx-hmac-nonce:");
        if let Some(nonce) = claim.claimed_nonce() {
            self.put(text, nonce.as_bytes());
        }
    }

    fn challenge(&self, realm: &str, refusal: Option<&Refusal>) -> HeaderValue {
        let challenge = Challenge::new("HMACDigest").param("realm", realm);
        let reason = refusal.map(|refusal| match (refusal.reason(), refusal.about()) {
            (Reason::MissingCredentials, _) | (Reason::MissingHeader, Some(Field::KeyId)) => {
                "missing header: HTTP_X_MOXIE_KEY"
            }
            (Reason::MissingHeader, Some(Field::Date)) => "missing header: HTTP_DATE",
            (Reason::MissingHeader, Some(Field::Nonce)) => "missing header: HTTP_X_HMAC_NONCE",
            (Reason::MissingHeader, _) => "missing header: HTTP_AUTHORIZATION",
            // Everything that is a matter of key or signature.
            (Reason::InvalidCredentials | Reason::MalformedCredentials, _) => "unauthorized",
            (other, _) => other.code(),
        });
        let challenge = match reason {
            Some(reason) => challenge.param("reason", reason),
            None => challenge,
        };
        challenge.param("algorithm", "HMAC-SHA-1").finish()
    }

    fn signing_algorithm(&self, _of_key: Algorithm) -> Algorithm {
        Algorithm::Sha1
    }

    fn dress(
        &self,
        headers: &mut HeaderMap,
        signing: &Signing<'_>,
        signature: &Signature,
    ) -> Result<(), SignError> {
        let nonce = signing.nonce.ok_or(SignError::new("Moxie needs a nonce"))?;
        set(headers, DATE, &signing.at.to_string())?;
        set(headers, NONCE, nonce)?;
        set(headers, KEY, signing.key_id)?;
        set_credential(headers, &AUTHORIZATION, &signature.to_hex())
    }

    fn undress(&self, headers: &mut HeaderMap) {
        // `Authorization` is ours only beside one of our own two headers.
        let key = headers.remove(KEY);
        let nonce = headers.remove(NONCE);
        if key.or(nonce).is_some() {
            headers.remove(AUTHORIZATION);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::head::{Origin, UrlScheme};
    use crate::testing::Request;

    const HEX: &str = "668db85d1dff6718d778454fc8c1d368a906f675";
    const DATE_TEXT: &str = "Fri, 10 Jan 2014 11:49:55 GMT";

    fn request() -> Request {
        Request::new("POST", "/Alert?B=1")
            .header("date", DATE_TEXT)
            .header("x-hmac-nonce", "AbC")
            .header("x-moxie-key", "d51459b5")
            .header("authorization", HEX)
    }

    fn refused(request: &Request, scheme: &Moxie) -> Option<Reason> {
        request
            .claim(scheme)
            .expect("claimed")
            .err()
            .map(|refusal| refusal.reason())
    }

    #[test]
    fn as_built_only_the_two_names_are_lower_case() {
        let text = request().canonical(&Moxie::default());
        let expected =
            format!("POST\nhttp://api.example.org/Alert?B=1\ndate:{DATE_TEXT}\nx-hmac-nonce:AbC");
        assert_eq!(text, expected);
        let documented = Moxie::default().canonical_form(MoxieCanonical::AsDocumented);
        assert_eq!(
            request().canonical(&documented),
            expected.to_ascii_lowercase()
        );
    }

    #[test]
    fn bad_125_and_126_the_url_comes_from_the_configuration_or_the_host_only() {
        let forwarded = request()
            .header("x-forwarded-host", "evil")
            .header("x-forwarded-proto", "https")
            .header("x-forwarded-port", "444");
        assert!(
            forwarded
                .canonical(&Moxie::default())
                .contains("\nhttp://api.example.org/")
        );
        let tls = request()
            .origin(Origin::served_over(UrlScheme::Https))
            .host("h:8443");
        assert!(
            tls.canonical(&Moxie::default())
                .contains("\nhttps://h:8443/")
        );
        let public = Origin::public_base_url("https://api.m.ox.ac.uk").unwrap();
        let text = forwarded.origin(public).canonical(&Moxie::default());
        assert!(text.contains("\nhttps://api.m.ox.ac.uk/Alert"), "{text}");
    }

    #[test]
    fn missing_headers_are_reported_in_the_order_of_the_original() {
        let scheme = Moxie::default();
        let reported = |request: Request| {
            let refusal = request.claim(&scheme).expect("claimed").unwrap_err();
            scheme
                .challenge("HMACDigest Moxie", Some(&refusal))
                .to_str()
                .unwrap()
                .to_owned()
        };
        let bare = || Request::new("GET", "/").header("x-moxie-key", "k");
        let dated = || bare().header("date", DATE_TEXT);
        let nonced = || dated().header("x-hmac-nonce", "1");
        for (request, name) in [
            (bare(), "DATE"),
            (dated(), "X_HMAC_NONCE"),
            (nonced(), "AUTHORIZATION"),
        ] {
            let expected = format!(
                r#"HMACDigest realm="HMACDigest Moxie", reason="missing header: HTTP_{name}", algorithm="HMAC-SHA-1""#
            );
            assert_eq!(reported(request), expected);
        }
    }

    #[test]
    fn malformed_values_are_refused() {
        let scheme = Moxie::default();
        let with = |name: &str, value: &str| {
            let mut request = Request::new("GET", "/");
            for (known, good) in [
                ("date", DATE_TEXT),
                ("x-hmac-nonce", "1"),
                ("x-moxie-key", "k"),
                ("authorization", HEX),
            ] {
                request = request.header(known, if known == name { value } else { good });
            }
            refused(&request, &scheme)
        };
        assert_eq!(with("none", ""), None);
        assert_eq!(with("authorization", &HEX.to_ascii_uppercase()), None);
        for bad in ["", "wrong-wrong", &HEX[1..], "ZmZmZg==", "MAC id=\"x\""] {
            assert_eq!(
                with("authorization", bad),
                Some(Reason::MalformedCredentials),
                "{bad}"
            );
        }
        assert_eq!(with("x-moxie-key", ""), Some(Reason::MalformedCredentials));
        assert_eq!(with("x-hmac-nonce", ""), Some(Reason::InvalidNonce));
        assert_eq!(with("date", "Wednesday"), Some(Reason::InvalidTimestamp));
        for name in ["date", "x-hmac-nonce", "x-moxie-key", "authorization"] {
            let reason = refused(&request().header(name, "x"), &scheme);
            assert_eq!(reason, Some(Reason::DuplicateHeader), "{name}");
        }
    }

    #[test]
    fn lenient_dates_are_a_switch() {
        let shell = Request::new("GET", "/")
            .header("date", "Fri Jan 10 11:49:55 GMT 2014")
            .header("x-hmac-nonce", "1")
            .header("x-moxie-key", "k")
            .header("authorization", HEX);
        assert_eq!(
            refused(&shell, &Moxie::default()),
            Some(Reason::InvalidTimestamp)
        );
        assert_eq!(refused(&shell, &Moxie::default().lenient_dates()), None);
    }
}

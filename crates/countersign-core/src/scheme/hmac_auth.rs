//! HMAC-Auth: NCSU's static key HMAC, in its SHA-1 and SHA-256 variants.
//!
//! ```text
//! HMAC-Auth: <KEYID>:<base64(HMAC(KEYDATA, STRING))>
//! Date: <HTTP date>
//! Content-MD5: <base64(MD5(content))>              required when there is content
//!
//! STRING = METHOD LF PATH LF DATE LF CONTENT-MD5   no LF at the end
//! ```
//!
//! `PATH` is the target as received, query included, without the base path. Emitted without
//! Base64 padding, accepted with or without. The two signatures printed in the public document
//! cannot be reproduced by any reading of it; its later SHA-256 examples can.
//!
//! Weaknesses: SHA-1 (use [`HmacAuth::sha256`]) and MD5; base URL, host, `Content-Type` and key
//! id are not signed; no nonce, so two honest identical POSTs in one second are one request.

use http::header::{DATE, HeaderMap, HeaderName, HeaderValue};

use super::{Scheme, SchemeId, set, set_credential};
use crate::canonical::Canonical;
use crate::challenge::Challenge;
use crate::claim::{AlgorithmChoice, BodyBinding, Claim, MAX_CREDENTIAL_LEN, Proof};
use crate::config::ConfigError;
use crate::encoding;
use crate::head::{Head, Picked};
use crate::http_date;
use crate::key::KeyId;
use crate::mac::{Algorithm, Derivation, Signature, Strength};
use crate::policy::DigestStrength;
use crate::reason::{Field, Reason, Refusal};
use crate::sign::{SignError, Signing};
use crate::time::Timestamp;

const CONTENT_MD5: HeaderName = HeaderName::from_static("content-md5");

/// The HMAC-Auth scheme.
#[derive(Clone, Debug)]
pub struct HmacAuth {
    header: HeaderName,
    word: Box<str>,
    base_path: Box<str>,
    algorithm: Algorithm,
}

impl HmacAuth {
    /// With HMAC-SHA-1, as the public document of 2013 has it.
    pub fn sha1() -> Self {
        Self::with(Algorithm::Sha1)
    }

    /// With HMAC-SHA-256, as its later revision has it. Recommended.
    pub fn sha256() -> Self {
        Self::with(Algorithm::Sha256)
    }

    fn with(algorithm: Algorithm) -> Self {
        Self {
            header: HeaderName::from_static("hmac-auth"),
            word: "HMAC-Auth".into(),
            base_path: "".into(),
            algorithm,
        }
    }

    /// Takes the credentials from the header `name` instead of `HMAC-Auth`; the document's later
    /// revisions use `NCSU-MAC`. The challenge uses the same word.
    ///
    /// # Errors
    /// When `name` is not a header name.
    pub fn header(mut self, name: &str) -> Result<Self, ConfigError> {
        self.header = name.parse().map_err(|_| {
            ConfigError::new(
                "HMAC-Auth header",
                name.to_owned(),
                "use a header name, as NCSU-MAC",
            )
        })?;
        self.word = name.into();
        Ok(self)
    }

    /// Takes `path`, such as `/pager`, off the target before signing: the path of the document's
    /// BASEURL. A request outside it is refused with `invalid_target`.
    ///
    /// # Errors
    /// When it does not begin with `/`, or ends with one.
    pub fn base_path(mut self, path: &str) -> Result<Self, ConfigError> {
        if !path.starts_with('/') || path.ends_with('/') || path.contains('?') {
            return Err(ConfigError::new(
                "base_path",
                path.to_owned(),
                "begin with / and do not end with one, as in /pager",
            ));
        }
        self.base_path = path.into();
        Ok(self)
    }

    /// The path without the base path; `None` outside it.
    fn signed_path<'h>(&self, head: &Head<'h>) -> Option<&'h str> {
        let path = head.path();
        // Not as a prefix: comparing with an empty text that has no place in memory takes some
        // processors longer (80 ns each time) than all else of reading a claim.
        if self.base_path.is_empty() {
            return (!path.is_empty()).then_some(path);
        }
        path.strip_prefix(&*self.base_path)
            .filter(|path| path.starts_with('/'))
    }

    fn read<'a>(
        &'a self,
        head: &Head<'a>,
        [credential, date, md5]: [Picked<'a>; 3],
    ) -> Result<Claim<'a>, Refusal> {
        let malformed = || Refusal::new(Reason::MalformedCredentials).field(Field::Credential);
        let credential = credential.single(Field::Credential)?.unwrap_or_default();
        if credential.len() > MAX_CREDENTIAL_LEN {
            return Err(malformed());
        }
        let colon = credential
            .iter()
            .position(|&b| b == b':')
            .ok_or_else(malformed)?;
        let (id, rest) = credential.split_at_checked(colon).ok_or_else(malformed)?;
        let signature = rest.strip_prefix(b":").ok_or_else(malformed)?;
        let key_id = KeyId::parse(id).ok_or_else(malformed)?;
        let signature = match self.algorithm {
            Algorithm::Sha1 => encoding::base64_exact(signature).map(Signature::Sha1),
            Algorithm::Sha256 => encoding::base64_exact(signature).map(Signature::Sha256),
        }
        .ok_or_else(malformed)?;

        let date = date
            .single(Field::Date)?
            .ok_or(Refusal::new(Reason::MissingHeader).field(Field::Date))?;
        let signed_at = http_date::parse(date)
            .ok_or(Refusal::new(Reason::InvalidTimestamp).field(Field::Date))?;

        let md5 = match md5.single(Field::Digest)? {
            None => None,
            Some(text) => Some(
                encoding::base64_exact(text)
                    .ok_or(Refusal::new(Reason::InvalidDigest).field(Field::Digest))?,
            ),
        };
        if self.signed_path(head).is_none() {
            return Err(Refusal::new(Reason::InvalidTarget)
                .field(Field::Target)
                .detail("The path lies outside the base path of this service."));
        }
        let proof = Proof::Signature {
            signature,
            derivation: Derivation::Raw,
            algorithm: AlgorithmChoice::Scheme,
        };
        Ok(Claim::new(self.id(), key_id, proof)
            .signed_at(signed_at, date)
            .body(BodyBinding::Digests { md5, sha256: None }))
    }
}

impl Default for HmacAuth {
    /// [`HmacAuth::sha1`], which is what the name means to most.
    fn default() -> Self {
        Self::sha1()
    }
}

impl Scheme for HmacAuth {
    fn id(&self) -> SchemeId {
        match self.algorithm {
            Algorithm::Sha1 => SchemeId::HMAC_AUTH,
            Algorithm::Sha256 => SchemeId::HMAC_AUTH_SHA256,
        }
    }

    fn strength(&self) -> Strength {
        self.algorithm.strength()
    }

    fn body_digest(&self) -> Option<DigestStrength> {
        Some(DigestStrength::Md5)
    }

    fn has_nonce(&self) -> bool {
        false
    }

    fn credential_header(&self) -> &HeaderName {
        &self.header
    }

    fn claim<'a>(&'a self, head: &Head<'a>) -> Option<Result<Claim<'a>, Refusal>> {
        let picked = head.pick([&self.header, &DATE, &CONTENT_MD5]);
        let [credential, ..] = picked;
        (!credential.is_absent()).then(|| self.read(head, picked))
    }

    fn canonical(&self, head: &Head<'_>, claim: &Claim<'_>, text: &mut Canonical<'_>) {
        text.put(head.method().as_str().as_bytes());
        text.lf();
        text.put(self.signed_path(head).unwrap_or_default().as_bytes());
        if let Some(query) = head.query() {
            text.push(b'?');
            text.put(query.as_bytes());
        }
        text.lf();
        text.put(claim.time_text());
        text.lf();
        // The value as sent: padded and unpadded spellings are different texts.
        let [digest] = head.pick([&CONTENT_MD5]);
        if let Ok(Some(digest)) = digest.single(Field::Digest) {
            text.put(digest);
        }
    }

    fn challenge(&self, realm: &str, refusal: Option<&Refusal>) -> HeaderValue {
        let challenge = Challenge::new(&self.word).param("realm", realm);
        let Some(refusal) = refusal else {
            return challenge.finish();
        };
        let error = match refusal.reason() {
            // The four sentences of the document's later revisions.
            Reason::TimestampExpired | Reason::TimestampInFuture => {
                "request date is out of range".to_owned()
            }
            Reason::MissingCredentials => format!("{} header is required", self.word),
            Reason::DigestMismatch => "Content-MD5 does not match content".to_owned(),
            Reason::InvalidCredentials => "signature does not match".to_owned(),
            other => other.title().to_ascii_lowercase(),
        };
        challenge.param("error", &error).finish()
    }

    fn signing_algorithm(&self, _of_key: Algorithm) -> Algorithm {
        self.algorithm
    }

    fn dress(
        &self,
        headers: &mut HeaderMap,
        signing: &Signing<'_>,
        signature: &Signature,
    ) -> Result<(), SignError> {
        set(headers, DATE, &Timestamp::to_string(&signing.at))?;
        if signing.body.is_empty() {
            headers.remove(CONTENT_MD5);
        } else {
            let digest = signing.body.md5().ok_or(SignError::new(
                "HMAC-Auth needs the MD5 of the body; give it with BodyDigest::md5",
            ))?;
            set(headers, CONTENT_MD5, &encoding::to_base64_unpadded(&digest))?;
        }
        let credential = format!("{}:{}", signing.key_id, signature.to_base64_unpadded());
        set_credential(headers, &self.header, &credential)
    }

    fn undress(&self, headers: &mut HeaderMap) {
        // Without our credential the digest is the caller's own.
        if headers.remove(&self.header).is_some() {
            headers.remove(CONTENT_MD5);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Request;

    const GOOD: &str = "test123:Q7N5qsQoQgAv62aXbnTBOaZvPH8";
    const DATE_TEXT: &str = "Wed, 14 Aug 2013 18:33:25 GMT";

    fn request(credential: &str) -> Request {
        Request::new("GET", "/oncall/oit-iws")
            .header("date", DATE_TEXT)
            .header("hmac-auth", credential)
    }

    fn refusal(scheme: &HmacAuth, request: &Request) -> Option<Reason> {
        request
            .claim(scheme)
            .expect("claimed")
            .err()
            .map(|refusal| refusal.reason())
    }

    #[test]
    fn the_string_to_sign_has_three_line_feeds_and_no_more() {
        let text = request(GOOD).canonical(&HmacAuth::sha1());
        assert_eq!(
            text,
            "GET\n/oncall/oit-iws\nWed, 14 Aug 2013 18:33:25 GMT\n"
        );
    }

    #[test]
    fn malformed_credentials_are_refused() {
        let scheme = HmacAuth::sha1();
        for bad in [
            "",
            "test123",
            "test123:",
            ":Q7N5qsQoQgAv62aXbnTBOaZvPH8",
            "a:b:c3Vi",
            "test123:Q7N5:qsQoQgAv62aXbnTBOaZvPH8",
            "test 123:Q7N5qsQoQgAv62aXbnTBOaZvPH8",
            "test123:43b379aac42842002feb66976e74c139a66f3c7f",
            "test123:Q7N5qsQoQgAv62aXbnTBOaZvPH8,x:Q7N5qsQoQgAv62aXbnTBOaZvPH8",
        ] {
            let reason = refusal(&scheme, &request(bad));
            assert_eq!(reason, Some(Reason::MalformedCredentials), "{bad:?}");
        }
        assert_eq!(refusal(&scheme, &request(GOOD)), None);
        assert_eq!(
            refusal(&scheme, &request("test123:Q7N5qsQoQgAv62aXbnTBOaZvPH8=")),
            None
        );
    }

    #[test]
    fn bad_18_an_oversize_credential_is_not_read() {
        let huge = "a".repeat(MAX_CREDENTIAL_LEN + 1);
        let reason = refusal(&HmacAuth::sha1(), &request(&huge));
        assert_eq!(reason, Some(Reason::MalformedCredentials));
    }

    #[test]
    fn repeated_and_missing_headers_are_refused() {
        let scheme = HmacAuth::sha1();
        let repeated = |name: &str, value: &str| request(GOOD).header(name, value);
        for (name, value) in [("hmac-auth", GOOD), ("date", DATE_TEXT)] {
            let reason = refusal(&scheme, &repeated(name, value));
            assert_eq!(reason, Some(Reason::DuplicateHeader), "{name}");
        }
        let twice = repeated("content-md5", "g26hErLKewirhYsLEW7mDg")
            .header("content-md5", "g26hErLKewirhYsLEW7mDg");
        assert_eq!(refusal(&scheme, &twice), Some(Reason::DuplicateHeader));
        let undated = Request::new("GET", "/").header("hmac-auth", GOOD);
        assert_eq!(refusal(&scheme, &undated), Some(Reason::MissingHeader));
    }

    #[test]
    fn bad_162_and_172_an_unreadable_digest_is_refused() {
        for bad in [
            "836ea112b2ca7b08ab858b0b116ee60e",
            "UNSIGNED-PAYLOAD",
            "",
            "g26h",
            "AAAA!",
        ] {
            let reason = refusal(&HmacAuth::sha1(), &request(GOOD).header("content-md5", bad));
            assert_eq!(reason, Some(Reason::InvalidDigest), "{bad:?}");
        }
    }

    #[test]
    fn the_base_path_is_taken_off_and_nothing_else() {
        let scheme = HmacAuth::sha1().base_path("/pager").unwrap();
        let with_path = |path: &str| {
            Request::new("GET", path)
                .header("date", DATE_TEXT)
                .header("hmac-auth", GOOD)
        };
        let text = with_path("/pager/groups?dept=oit").canonical(&scheme);
        assert_eq!(text, format!("GET\n/groups?dept=oit\n{DATE_TEXT}\n"));
        for outside in [
            "/",
            "/pager",
            "/pager?x",
            "/pagers/x",
            "/x/pager/y",
            "/Pager/x",
        ] {
            let reason = refusal(&scheme, &with_path(outside));
            assert_eq!(reason, Some(Reason::InvalidTarget), "{outside}");
        }
        for bad in ["pager", "/pager/", "/", ""] {
            assert!(HmacAuth::sha1().base_path(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn the_challenge_speaks_as_the_document_does() {
        let scheme = HmacAuth::sha256().header("NCSU-MAC").unwrap();
        let say = |reason: Reason| {
            let value = scheme.challenge("r", Some(&reason.into()));
            value.to_str().unwrap().to_owned()
        };
        let expected = r#"NCSU-MAC realm="r", error="request date is out of range""#;
        assert_eq!(say(Reason::TimestampExpired), expected);
        let expected = r#"NCSU-MAC realm="r", error="NCSU-MAC header is required""#;
        assert_eq!(say(Reason::MissingCredentials), expected);
    }
}

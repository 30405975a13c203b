//! Auth-Key: the scheme of the public wiki page of 2012, and the three dialects of its author's
//! later program.
//!
//! ```text
//! Auth-Key: MAC <AccountId>:<Signature>
//! Date: <HTTP date>                     must be present; not signed
//! x-mac-date: <IMF-fixdate>             must be present; the signed time
//! x-mac-*: …                            every one of them is signed
//!
//! Signature    = Base64(HMAC-SHA-256(SigningKey, StringToSign))
//! SigningKey   = SHA-256(Timestamp ‖ SecretKey)
//! StringToSign = VERB LF CanonicalizedXHeaders LF URI-Path LF URI-Query
//! ```
//!
//! A body is covered through a signed `x-mac-content-md5` or, ours, `x-mac-content-sha256`; a
//! nonce through a signed `x-mac-nonce`, also ours. Header name, scheme word and the `mac` in
//! `x-mac-` are settings.
//!
//! Weaknesses: host, URL scheme and account id are not signed (two accounts must never share a
//! secret); the body is unsigned without a digest header. The page's own example signature cannot
//! be reproduced, as it gives neither date nor secret.

mod bound;
mod dialect;
mod found;
mod response;
mod x_headers;

use http::header::{CONTENT_TYPE, DATE, HeaderMap, HeaderName, HeaderValue};

pub use self::bound::{
    RequestBinding, ResponseFault, ResponseHasher, ResponseRules, ResponseToSign,
};
pub use self::dialect::Dialect;
use self::found::Found;
pub use self::response::ResponseForm;
use self::x_headers::{Blanks, Line, Walk, XHeaders};
use super::{Scheme, SchemeId, after_scheme_word, set, set_credential};
use crate::canonical::Canonical;
use crate::challenge::Challenge;
use crate::claim::{AlgorithmChoice, Claim, MAX_CREDENTIAL_LEN, Nonce, NonceCase, Proof};
use crate::config::ConfigError;
use crate::encoding;
use crate::head::{Head, Picked, trim};
use crate::http_date::{self, DateForm};
use crate::mac::{Algorithm, Signature, Strength};
use crate::policy::DigestStrength;
use crate::reason::{Field, Reason, Refusal};
use crate::sign::{BodyToSign, SignError, Signing};

/// The Auth-Key scheme.
#[derive(Clone, Debug)]
pub struct AuthKey {
    dialect: Dialect,
    header: HeaderName,
    header_text: Box<str>,
    word: Box<str>,
    names: Names,
    dates: DateForm,
}

/// The names of the x-headers with a meaning of their own.
#[derive(Clone, Debug)]
struct Names {
    prefix: Box<str>,
    date: HeaderName,
    nonce: HeaderName,
    content_md5: HeaderName,
    content_sha256: HeaderName,
    request_signature: HeaderName,
    status: HeaderName,
}

impl Names {
    fn new(identifier: &str) -> Option<Self> {
        let valid = !identifier.is_empty()
            && identifier
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b == b'-');
        let prefix = format!("x-{}-", identifier.to_ascii_lowercase());
        let name = |suffix: &str| HeaderName::try_from(format!("{prefix}{suffix}")).ok();
        if !valid {
            return None;
        }
        Some(Self {
            date: name("date")?,
            nonce: name("nonce")?,
            content_md5: name("content-md5")?,
            content_sha256: name("content-sha256")?,
            request_signature: name("request-signature")?,
            status: name("status")?,
            prefix: prefix.into(),
        })
    }
}

impl AuthKey {
    /// The scheme in `dialect`; [`AuthKey::default`] is the wiki's.
    pub fn dialect(dialect: Dialect) -> Self {
        #[allow(clippy::expect_used, clippy::missing_panics_doc)] // never panics
        let names = Names::new("mac").expect("x-mac- is the beginning of a header name");
        Self {
            dialect,
            header: HeaderName::from_static("auth-key"),
            header_text: "Auth-Key".into(),
            word: "MAC".into(),
            names,
            dates: DateForm::Strict,
        }
    }

    /// Takes the credentials from the header `name` instead of `Auth-Key`.
    ///
    /// # Errors
    /// When `name` is not a header name.
    pub fn header(mut self, name: &str) -> Result<Self, ConfigError> {
        self.header = name.parse().map_err(|_| {
            ConfigError::new(
                "Auth-Key header",
                name.to_owned(),
                "use a header name, as Auth-Key",
            )
        })?;
        self.header_text = name.into();
        Ok(self)
    }

    /// Expects the scheme word `word` instead of `MAC`, in any case.
    ///
    /// # Errors
    /// When `word` is not made of letters and digits.
    pub fn scheme_word(mut self, word: &str) -> Result<Self, ConfigError> {
        if word.is_empty() || !word.bytes().all(|b| b.is_ascii_alphanumeric()) {
            return Err(ConfigError::new(
                "Auth-Key scheme word",
                word.to_owned(),
                "use letters and digits, as in MAC",
            ));
        }
        self.word = word.into();
        Ok(self)
    }

    /// Signs the headers that begin with `x-<identifier>-` instead of `x-mac-`.
    ///
    /// # Errors
    /// When `identifier` is not made of letters, digits and hyphens.
    pub fn identifier(mut self, identifier: &str) -> Result<Self, ConfigError> {
        self.names = Names::new(identifier).ok_or_else(|| {
            ConfigError::new(
                "Auth-Key identifier",
                identifier.to_owned(),
                "use letters, digits and hyphens, as in mac or acme",
            )
        })?;
        Ok(self)
    }

    /// Also accepts `+0000` in place of `GMT`, which PHP's `RFC1123` constant prints.
    #[must_use]
    pub fn numeric_zone(mut self) -> Self {
        self.dates = DateForm::NumericZone;
        self
    }

    fn read<'a>(&'a self, head: &Head<'a>, found: &mut Found<'a>) -> Result<Claim<'a>, Refusal> {
        let malformed = || Refusal::new(Reason::MalformedCredentials).field(Field::Credential);
        let value = found
            .credential
            .single(Field::Credential)?
            .unwrap_or_default();
        if value.is_empty() {
            return Err(Reason::MissingCredentials.into());
        }
        if value.len() > MAX_CREDENTIAL_LEN {
            return Err(malformed());
        }
        let text = after_scheme_word(value, &self.word).ok_or(Reason::UnsupportedScheme)?;
        let credential = self.dialect.parse(text).ok_or_else(malformed)?;
        if head.query() == Some("") {
            // The recipe writes `/a?` and `/a` alike; one of the two has to go.
            return Err(Refusal::new(Reason::InvalidTarget)
                .field(Field::Target)
                .detail("The target ends in an empty query; send it without the question mark."));
        }
        if let Some(refusal) = found.refusal.take() {
            return Err(refusal);
        }
        let named = &found.named;

        let (signed_at, time_text, unsigned_date) = match credential.time {
            Some(text) => {
                let time = super::unix_seconds(text)
                    .ok_or(Refusal::new(Reason::InvalidTimestamp).field(Field::SignedDate))?;
                (time, text, None)
            }
            None => self.read_dates(named.date, found.date)?,
        };
        let nonce = match credential.request_id.or(named.nonce) {
            None => None,
            Some(text) => Some(
                Nonce::parse(text, NonceCase::Exact)
                    .ok_or(Refusal::new(Reason::InvalidNonce).field(Field::Nonce))?,
            ),
        };
        if let Some(signed) = named.content_type {
            check_content_type(head, signed)?;
        }
        let proof = Proof::Signature {
            signature: Signature::Sha256(credential.signature),
            derivation: self.dialect.derivation(time_text),
            algorithm: AlgorithmChoice::Scheme,
        };
        let mut claim = Claim::new(self.id(), credential.account_id, proof)
            .signed_at(signed_at, time_text)
            .unsigned_date(unsigned_date)
            .nonce(nonce)
            .body(named.digests()?);
        if self.dialect == Dialect::Wiki && !found.has_others {
            claim.no_x_headers_but_date_and_nonce = Some(head.headers());
        }
        Ok(claim)
    }

    fn collect<'a, 'x>(
        &self,
        headers: &'a HeaderMap,
        x_headers: &'x mut XHeaders<'a>,
    ) -> Result<&'x [Line<'a>], Refusal> {
        x_headers.collect(headers, self.walk())
    }

    fn walk<'a>(&self) -> Walk<'a, '_> {
        Walk::new(&self.names.prefix, &self.header)
    }

    /// Finds all that a claim is read from, in one pass over the headers.
    fn find<'a>(&self, headers: &'a HeaderMap) -> Found<'a> {
        let mut found = Found::default();
        let mut walk = self.walk();
        let credential = self.header.as_str();
        for (name, value) in headers {
            let text = name.as_str();
            if text == credential {
                found.credential.add(value);
            }
            if text == "date" {
                found.date.add(value);
            }
            match walk.step(text) {
                Ok(None) => {}
                Ok(Some(rest)) => {
                    let value = trim(value.as_bytes());
                    found.has_others |= !matches!(rest, "date" | "nonce");
                    found.named.note(rest, value);
                }
                Err(refusal) => {
                    found.refusal.get_or_insert(refusal);
                }
            }
        }
        found
    }

    /// The signed `x-mac-date`, and the unsigned `Date` that must accompany it.
    fn read_dates<'a>(
        &self,
        signed: Option<&'a [u8]>,
        date: Picked<'a>,
    ) -> Result<Dates<'a>, Refusal> {
        let missing = |field| Refusal::new(Reason::MissingHeader).field(field);
        let text = signed.ok_or(missing(Field::SignedDate))?;
        let signed_at = http_date::parse_as(text, self.dates)
            .ok_or(Refusal::new(Reason::InvalidTimestamp).field(Field::SignedDate))?;
        let date = date.single(Field::Date)?.ok_or(missing(Field::Date))?;
        // Usually the same text, which need not be read twice.
        let unsigned = if date == text {
            Some(signed_at)
        } else {
            http_date::parse(date)
        };
        Ok((signed_at, text, unsigned))
    }

    /// Puts the SHA-256 of the body there, and its MD5 where one was there before or where it is
    /// all there is.
    fn dress_digests(
        &self,
        headers: &mut HeaderMap,
        body: &BodyToSign<'_>,
    ) -> Result<(), SignError> {
        let Names {
            content_md5,
            content_sha256,
            ..
        } = &self.names;
        if body.is_empty() {
            if body.is_known_to_be_empty() {
                headers.remove(content_md5);
                headers.remove(content_sha256);
            }
            return Ok(());
        }
        let wants_md5 = headers.remove(content_md5).is_some();
        headers.remove(content_sha256);
        let sha256 = body.sha256();
        let md5 = if wants_md5 || sha256.is_none() {
            body.md5()
        } else {
            None
        };
        if let Some(sha256) = sha256 {
            set(headers, content_sha256, &encoding::to_base64(&sha256))?;
        }
        if let Some(md5) = md5 {
            set(headers, content_md5, &encoding::to_base64(&md5))?;
        }
        if sha256.is_none() && md5.is_none() {
            return Err(SignError::new(
                "Auth-Key needs the SHA-256 of the body; give it with BodyDigest::sha256",
            ));
        }
        Ok(())
    }
}

fn check_content_type(head: &Head<'_>, signed: &[u8]) -> Result<(), Refusal> {
    // The original's clients send the x-header alone; only a contradiction is refused.
    match head.single(&CONTENT_TYPE, Field::SignedHeader)? {
        Some(sent) if sent != signed => Err(Refusal::new(Reason::DigestMismatch)
            .field(Field::SignedHeader)
            .detail("Content-Type is not the content type that was signed; send the same.")),
        _ => Ok(()),
    }
}

type Dates<'a> = (
    crate::time::Timestamp,
    &'a [u8],
    Option<crate::time::Timestamp>,
);

impl Default for AuthKey {
    /// The wiki's form.
    fn default() -> Self {
        Self::dialect(Dialect::Wiki)
    }
}

impl Scheme for AuthKey {
    fn id(&self) -> SchemeId {
        self.dialect.scheme_id()
    }

    fn strength(&self) -> Strength {
        Strength::Sha256
    }

    fn body_digest(&self) -> Option<DigestStrength> {
        Some(DigestStrength::Sha256)
    }

    fn credential_header(&self) -> &HeaderName {
        &self.header
    }

    fn credential_word(&self) -> Option<&str> {
        Some(&self.word)
    }

    fn claim<'a>(&'a self, head: &Head<'a>) -> Option<Result<Claim<'a>, Refusal>> {
        let mut found = self.find(head.headers());
        if found.credential.is_absent() {
            return None;
        }
        Some(self.read(head, &mut found))
    }

    fn canonical(&self, head: &Head<'_>, claim: &Claim<'_>, text: &mut Canonical<'_>) {
        let parts = dialect::Parts {
            verb: head.method().as_str(),
            path: head.path(),
            query: head.query().unwrap_or_default(),
            time: claim.time_text(),
            request_id: claim.claimed_nonce().map_or(b"", |nonce| nonce.as_bytes()),
        };
        if let Some(headers) = claim.no_x_headers_but_date_and_nonce
            && std::ptr::eq(headers, head.headers())
        {
            // As nearly all requests without a body: no need to look for what is in the claim.
            // Neither would have been accepted with blanks that fold.
            let line = |name, value| Line {
                name,
                value,
                blanks: Blanks::Single,
            };
            let date = line(self.names.date.as_str(), claim.time_text());
            let nonce = line(self.names.nonce.as_str(), parts.request_id);
            let both = [date, nonce];
            let x_headers = match claim.claimed_nonce() {
                Some(_) => &both[..],
                None => &both[..1],
            };
            return self.dialect.write(&parts, x_headers, &self.word, text);
        }
        // `claim` has accepted these headers already.
        let mut x_headers = XHeaders::none();
        if let Ok(x_headers) = self.collect(head.headers(), &mut x_headers) {
            self.dialect.write(&parts, x_headers, &self.word, text);
        }
    }

    fn challenge(&self, realm: &str, refusal: Option<&Refusal>) -> HeaderValue {
        let challenge = Challenge::new(&self.header_text).param("realm", realm);
        match refusal {
            Some(refusal) => challenge.param("reason", refusal.reason().code()).finish(),
            None => challenge.finish(),
        }
    }

    fn signing_algorithm(&self, _of_key: Algorithm) -> Algorithm {
        Algorithm::Sha256
    }

    fn dress(
        &self,
        headers: &mut HeaderMap,
        signing: &Signing<'_>,
        signature: &Signature,
    ) -> Result<(), SignError> {
        let date = signing.at.to_string();
        if self.dialect == Dialect::Wiki {
            set(headers, DATE, &date)?;
            set(headers, &self.names.date, &date)?;
        }
        match (signing.nonce, self.dialect) {
            (None, Dialect::V3) => return Err(SignError::new("Auth-Key v3 needs a nonce")),
            (Some(nonce), Dialect::Wiki | Dialect::V1 | Dialect::V2) => {
                set(headers, &self.names.nonce, nonce)?;
            }
            _ => {}
        }
        self.dress_digests(headers, signing.body)?;
        let credential = self.dialect.credential(signing, &signature.to_base64());
        let credential = format!("{} {credential}", self.word);
        set_credential(headers, &self.header, &credential)
    }

    fn undress(&self, headers: &mut HeaderMap) {
        let Names {
            date,
            nonce,
            content_md5,
            content_sha256,
            ..
        } = &self.names;
        for name in [&self.header, date, nonce, content_md5, content_sha256] {
            headers.remove(name);
        }
    }
}

#[cfg(test)]
mod tests;
